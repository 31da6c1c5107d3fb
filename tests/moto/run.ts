/**
 * Runs the rules of publication against Moto instead of the project's own S3, which they would otherwise be proven
 * by alone. Where Moto is not like S3 a rule is expected to fail, by the list below and by nothing else: a rule
 * that fails unexpectedly fails the command, and so does one that has come to hold.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { DidNotRun } from "../support/python";
import { startMoto } from "./moto";
import { ROOT } from "../support/root";

/** Where Moto 5.2.5 is not like S3, by reason, with the tests that can't hold there. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  "it completes an upload whatever its If-Match says, so a restatement can't notice another's object": [
    "a write of the first bank's object in a restatement happens only over what the run had seen",
    "a write of the second bank's object in a restatement happens only over what the run had seen",
    "a write of the third bank's object in a restatement happens only over what the run had seen",
    "a write in a restatement does not bring back what was deleted in the meantime",
  ],
  "it answers a part of an upload that is gone with 500 and a page of HTML instead of NoSuchUpload": [
    "an upload that another run dropped is told as a conflict, which is worth a retry",
  ],
  "it forgets BucketKeyEnabled of an object that was uploaded in parts": [
    "the settings of the storage carry the KMS key to every object and to the manifest",
  ],
};

interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const RULES = "tests/integration/extract/publication.test.ts";

async function runTests(endpoint: string): Promise<JestReport> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "moto-"));
  try {
    const outputFile = path.join(directory, "report.json");
    const jest = spawn(
      path.join(ROOT, "node_modules", ".bin", "jest"),
      [RULES, "--config", path.join(__dirname, "jest.config.js"), "--json", "--outputFile", outputFile],
      {
        cwd: ROOT,
        env: { ...process.env, MOTO_ENDPOINT: endpoint },
        // Of the failures that are expected it would make a page; the report says all.
        stdio: "ignore",
      },
    );
    await once(jest, "exit");
    return JSON.parse(await readFile(outputFile, "utf8")) as JestReport;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What is not as the list has it. */
function surprises({ testResults }: JestReport): string[] {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (results.length === 0)
    return [`no test ran${testResults.map(({ message }) => `: ${message}`).join("")}`];
  const expected = Object.values(LIMITS).flat();
  return [
    ...results
      .filter(({ fullName, status }) => status !== "passed" && !expected.includes(fullName))
      .map(({ fullName }) => `does not hold: ${fullName}`),
    ...expected
      .filter((name) => !results.some(({ fullName, status }) => fullName === name && status === "failed"))
      .map((name) => `holds by now, or is gone, and has to leave the list in ${__filename}: ${name}`),
  ];
}

async function main(): Promise<void> {
  const moto = await startMoto();
  try {
    const report = await runTests(moto.endpoint);
    const found = surprises(report);
    const limits = Object.entries(LIMITS).map(([why, names]) => `${names.length} can't hold here: ${why}\n`);
    const count = report.testResults.flatMap(({ assertionResults }) => assertionResults).length;
    process.stderr.write(
      [`\n${count} rules of publication against Moto\n`, ...limits, ...found.map((each) => `${each}\n`)].join(
        "",
      ),
    );
    if (found.length > 0) process.exitCode = 1;
  } finally {
    await moto.stop();
  }
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof DidNotRun
      ? `\n*** The tests against Moto did not run: ${error.message}. ***\n\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
