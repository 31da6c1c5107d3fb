/** Runs Stryker on all of `src`, or with `--sample` on what decides what is published; other flags are Stryker's. */
import { spawnSync } from "node:child_process";
import path from "node:path";

import { ROOT } from "../support/root";

const flags = process.argv.slice(2);
const stryker = path.join(ROOT, "node_modules", ".bin", "stryker");
const { status } = spawnSync(stryker, ["run", ...flags.filter((flag) => flag !== "--sample")], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, MUTATION_SAMPLE: String(flags.includes("--sample")) },
});
process.exitCode = status ?? 1;
