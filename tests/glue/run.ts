/** `npm run test:glue`: checks the Glue job's Python, and runs it and the Lambda against PostgreSQL and S3. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { DidNotRun } from "../support/python";
import { installSpark } from "./spark";
import { ROOT } from "../support/root";

async function main(): Promise<void> {
  const spark = await installSpark();
  const python = ["infra-terraform/glue", "tests/glue"];
  const config = path.join("tests", "glue", "pyproject.toml");
  const program = (name: string) => path.join(spark.bin, name);
  const jest = path.join(ROOT, "node_modules", ".bin", "jest");
  const commands = [
    [program("ruff"), "format", "--quiet", "--check", "--config", config, ...python],
    [program("ruff"), "check", "--quiet", "--config", config, ...python],
    [program("mypy"), "--no-error-summary", "--config-file", config, ...python],
    [jest, "tests/glue", "--config", path.join(__dirname, "jest.config.js"), ...process.argv.slice(2)],
  ];
  for (const [command = "", ...parameters] of commands) {
    const child = spawn(command, parameters, {
      cwd: ROOT,
      env: { ...process.env, TEST_SPARK: JSON.stringify(spark) },
      stdio: "inherit",
    });
    const [exitCode] = (await once(child, "exit")) as [number | null];
    if (exitCode !== 0) process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof DidNotRun
      ? `\n*** The tests of the Glue job did not run: ${error.message}. ***\n\n`
      : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
