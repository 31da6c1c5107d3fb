/** The results: tables in Markdown for people, and every single figure in JSON. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { version } from "../package.json";
import type { Row } from "./measure";
import { compare } from "./statistics";
import type { World } from "./world";

export interface Facts {
  readonly measuredAt: string;
  readonly program: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** The average load in the minute before the benchmark started: 0 on an idle machine. */
  readonly loadBefore: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly postgresSettings: Readonly<Record<string, string>>;
  readonly copyBy: string;
}

export type Unit = Row["unit"];

/** Where results are saved. */
export const RESULTS = path.join(__dirname, "results");

const MEBIBYTE = 1024 * 1024;

/** The versions and the machine, without its name. */
export async function factsOf(world: World): Promise<Facts> {
  const cores = os.cpus();
  const client = await world.server.connect("postgres");
  const { rows } = await client.query<{ server_version: string }>("show server_version");
  await client.end();
  return {
    measuredAt: new Date().toISOString(),
    program: `${version}, ${await commit()}`,
    processor: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round((os.totalmem() / MEBIBYTE / 1024) * 10) / 10,
    loadBefore: loadBefore,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    postgres: rows[0]?.server_version ?? "unknown",
    postgresSettings: world.serverSettings,
    copyBy: world.copier.name,
  };
}

/** Read when this file is loaded, before the benchmark itself causes load. */
const loadBefore = Math.round((os.loadavg()[0] ?? 0) * 10) / 10;

async function commit(): Promise<string> {
  const git = (...words: string[]) => promisify(execFile)("git", words, { cwd: __dirname });
  try {
    const [{ stdout: head }, { stdout: changes }] = await Promise.all([
      git("rev-parse", "--short", "HEAD"),
      git("status", "--porcelain", "--", "../src", "../sql", "../package-lock.json"),
    ]);
    return `commit ${head.trim()}${changes === "" ? "" : " with changes"}`;
  } catch {
    return "commit unknown";
  }
}

/** The machine in one sentence. */
export function describe(facts: Facts): string {
  const { processor, cores, memoryGiB, loadBefore: load, system, node, postgres, copyBy } = facts;
  return (
    `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, load before ${load}; Node.js ${node}, ` +
    `PostgreSQL ${postgres}, COPY by ${copyBy}; program ${facts.program}; ${facts.measuredAt.slice(0, 10)}.`
  );
}

/** A figure with its unit, rounded for people. */
export function figure(value: number, unit: Unit): string {
  if (unit === "bytes") return `${(value / MEBIBYTE).toFixed(0)} MiB`;
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** The table of the ratios of all comparisons. */
export function ratioTable(rows: readonly Row[]): string {
  const header = ["measure", "what", "ours", "compared with", "theirs", "ratio", "spread", "limit", "met"];
  return markdownTable(
    header,
    rows.map(({ measure, what, against, unit, limit, ours, base }) => {
      const result = compare(ours, base);
      const spread = `${result.lowest.toFixed(2)}–${result.highest.toFixed(2)}`;
      return [
        measure,
        what,
        figure(result.oursMedian, unit),
        against,
        figure(result.baseMedian, unit),
        result.ratio.toFixed(2),
        spread,
        `≤ ${limit.toFixed(2)}`,
        result.ratio <= limit ? "yes" : "no",
      ];
    }),
  );
}

/** A Markdown table, with columns that are aligned in the source too. */
export function markdownTable(header: readonly string[], content: readonly (readonly string[])[]): string {
  const rows = content.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, at) => Math.max(...[header, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

/** Writes lines to standard error, each with the time since the start. */
export function progress(): (line: string) => void {
  const startedAt = performance.now();
  return (line) => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
  };
}

/** Writes `<name>.md` and `<name>.json`, and prints the Markdown. */
export async function writeResults(
  directory: string,
  name: string,
  { title, text, data }: { readonly title: string; readonly text: string; readonly data: object },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const markdown = `# ${title}\n\n${text}\n`;
  await writeFile(path.join(directory, `${name}.md`), markdown);
  await writeFile(path.join(directory, `${name}.json`), `${JSON.stringify(data, null, 2)}\n`);
  process.stdout.write(`\n${markdown}`);
}
