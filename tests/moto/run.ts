/**
 * Runs the rules of publication against Moto, so that they are proven by more than the project's own S3, and both state
 * machines. Where Moto
 * differs from S3, the list below names the rules that are expected to fail. The command fails if another rule fails,
 * or if a rule of the list passes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { expectAccepted } from "../aws-rules/check";
import { RECORDING } from "../support/recorded-requests";
import { DidNotRun } from "../support/python";
import { startMoto } from "./moto";
import { checkStateMachines } from "./state-machines";
import { ROOT } from "../support/root";

/** Where Moto 5.2.5 differs from S3: by reason, the tests that fail there. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  "it ignores If-Match when it completes an upload, so a restatement can't notice another writer's object": [
    "a write of files staged as uploads fails for the first bank's object in a restatement if the object has changed since the run read it",
    "a write of files staged as uploads fails for the second bank's object in a restatement if the object has changed since the run read it",
    "a write of files staged as uploads fails for the third bank's object in a restatement if the object has changed since the run read it",
  ],
  "for a part of an aborted upload, it answers 500 with an HTML page instead of NoSuchUpload": [
    "an upload that another run aborted fails the run with a retryable ConflictError",
  ],
};

interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const RULES = "tests/integration/extract/publication.test.ts";

/** @throws Error if a request breaks a rule of AWS. */
async function runTests(endpoint: string): Promise<JestReport> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "moto-"));
  const requests = path.join(directory, "requests.jsonl");
  try {
    const outputFile = path.join(directory, "report.json");
    const jest = spawn(
      path.join(ROOT, "node_modules", ".bin", "jest"),
      [RULES, "--config", path.join(__dirname, "jest.config.js"), "--json", "--outputFile", outputFile],
      {
        cwd: ROOT,
        env: { ...process.env, MOTO_ENDPOINT: endpoint, [RECORDING]: requests },
        // Jest would print a page about the expected failures; the report has everything.
        stdio: "ignore",
      },
    );
    await once(jest, "exit");
    process.stderr.write(`${await expectAccepted("requests", requests)}: AWS's own rules allow them\n`);
    return JSON.parse(await readFile(outputFile, "utf8")) as JestReport;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The results that differ from the list. */
function surprises({ testResults }: JestReport): string[] {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (results.length === 0)
    return [`no test ran${testResults.map(({ message }) => `: ${message}`).join("")}`];
  const expected = Object.values(LIMITS).flat();
  return [
    ...results
      .filter(({ fullName, status }) => status !== "passed" && !expected.includes(fullName))
      .map(({ fullName }) => `fails: ${fullName}`),
    ...expected
      .filter((name) => !results.some(({ fullName, status }) => fullName === name && status === "failed"))
      .map((name) => `passes now or no longer exists, so remove it from the list in ${__filename}: ${name}`),
  ];
}

async function main(): Promise<void> {
  const moto = await startMoto();
  try {
    const report = await runTests(moto.endpoint);
    const found = surprises(report);
    const limits = Object.entries(LIMITS).map(([why, names]) => `${names.length} expected to fail: ${why}\n`);
    const count = report.testResults.flatMap(({ assertionResults }) => assertionResults).length;
    process.stderr.write(
      [`\n${count} rules of publication against Moto\n`, ...limits, ...found.map((each) => `${each}\n`)].join(
        "",
      ),
    );
    const wrong = await checkStateMachines(moto.endpoint);
    process.stderr.write(`${["\nboth state machines on Moto", ...wrong].join("\n")}\n`);
    if (found.length > 0 || wrong.length > 0) process.exitCode = 1;
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
