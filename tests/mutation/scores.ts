/** The results of mutation testing: Stryker's report, and the scores of the files. */
import { readFileSync } from "node:fs";

interface Position {
  readonly line: number;
  readonly column: number;
}

/** A change to a file, and what the tests made of it. */
export interface Mutant {
  readonly file: string;
  readonly location: { readonly start: Position; readonly end: Position };
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
}

/** Reads a report in the format of `mutation-testing-report-schema`: lines and columns from 1. */
export function readMutants(report: string): Mutant[] {
  const { files } = JSON.parse(readFileSync(report, "utf8")) as {
    files: Record<string, { mutants: Omit<Mutant, "file">[] }>;
  };
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map((mutant) => ({ file, ...mutant })),
  );
}

const isDetected = ({ status }: Mutant): boolean => status === "Killed" || status === "Timeout";

const isSurvivor = ({ status }: Mutant): boolean => status === "Survived" || status === "NoCoverage";

function survivorsOf(mutants: readonly Mutant[]): Mutant[] {
  return mutants.filter(isSurvivor);
}

/** By how many per cent the score of a random share may differ from that of all, in 19 of 20 shares. */
export function marginOf(mutants: readonly Mutant[], share: number): number {
  const score = scoreOf(mutants) / 100;
  const tested = mutants.filter((mutant) => isDetected(mutant) || isSurvivor(mutant)).length;
  return 196 * Math.sqrt(((score * (1 - score)) / tested) * (1 - share / 100));
}

/** In per cent, of the mutants that could be tested: 100 if there is none. */
export function scoreOf(mutants: readonly Mutant[]): number {
  const detected = mutants.filter(isDetected).length;
  const tested = detected + survivorsOf(mutants).length;
  return tested === 0 ? 100 : (100 * detected) / tested;
}

/** Prints the survivors, then a line for each file and one for all. */
export function printScores(mutants: readonly Mutant[]): void {
  for (const { file, location, mutatorName, replacement = "", status } of survivorsOf(mutants)) {
    const place = `${file}:${location.start.line}:${location.start.column}`;
    print(
      `${status === "Survived" ? "survived" : "no test"}  ${place}  ${mutatorName}  ${firstLine(replacement)}`,
    );
  }
  const files = [...new Set(mutants.map(({ file }) => file))].sort();
  for (const file of files)
    printScore(
      file,
      mutants.filter((mutant) => mutant.file === file),
    );
  printScore("all", mutants);
}

function printScore(name: string, mutants: readonly Mutant[]): void {
  const detected = mutants.filter(isDetected).length;
  const survivors = survivorsOf(mutants);
  if (detected + survivors.length === 0) return;
  const untested = survivors.filter(({ status }) => status === "NoCoverage").length;
  const score = `${scoreOf(mutants).toFixed(2).padStart(6)} %`;
  print(
    `${score}  ${name}: ${detected + survivors.length} mutants, ${survivors.length - untested} survived, ${untested} without a test`,
  );
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
