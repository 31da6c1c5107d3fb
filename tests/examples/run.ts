/**
 * `npm run test:examples`: runs the examples of docs/consumer.md, unchanged, on correct and on damaged months, and lets
 * pyarrow read the program's Parquet. It installs the AWS CLI, boto3 and pyarrow once; bash, jq and sha256sum must be there
 * already.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { promisify } from "node:util";

import { DidNotRun, installPython } from "../support/python";
import { ROOT } from "../support/root";

/** Each has an environment of its own, because they need different versions of the packages that they share. */
const AWS_COMMAND_LINE = "awscli==1.46.2";
const BOTO3 = "boto3==1.44.5";
const PYARROW = "pyarrow==21.0.0";

const PROGRAMS = ["bash", "jq", "sha256sum"];

async function main(): Promise<void> {
  for (const program of PROGRAMS) {
    await promisify(execFile)(program, ["--version"]).catch((cause: unknown) => {
      throw new DidNotRun(`${program} is not on the PATH`, { cause });
    });
  }
  const aws = await installPython(AWS_COMMAND_LINE, "aws");
  const python = await installPython(BOTO3, "python");
  const pyarrow = await installPython(PYARROW, "python");
  const jest = spawn(
    path.join(ROOT, "node_modules", ".bin", "jest"),
    ["tests/examples", "--config", path.join(__dirname, "jest.config.js"), ...process.argv.slice(2)],
    {
      cwd: ROOT,
      env: { ...process.env, TEST_AWS: aws, TEST_PYTHON: python, TEST_PYARROW: pyarrow },
      stdio: "inherit",
    },
  );
  const [exitCode] = (await once(jest, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof DidNotRun
      ? `\n*** The examples did not run: ${error.message}. ***\n\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
