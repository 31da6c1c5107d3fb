/** npx runs the command at once, because it is a workspace, and downloads nothing (docs/decisions/38-starting-the-command-line.md). */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import * as command from "../../../bin/package.json";
import * as root from "../../../package.json";
import { ROOT } from "../../support/root";

it("the command is that of a workspace, and not of the project itself, which npx would link at each call", () => {
  expect(root).not.toHaveProperty("bin");
  expect(root.workspaces).toEqual(["bin"]);
  const { "bank-batch": file } = command.bin;
  expect([command.private, command.version]).toEqual([true, root.version]);
  expect(readFileSync(path.join(ROOT, "bin", file), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(existsSync(path.join(ROOT, "node_modules", ".bin", "bank-batch"))).toBe(true);
});

it("npx runs nothing that is not installed", () => {
  expect(readFileSync(path.join(ROOT, ".npmrc"), "utf8")).toMatch(/^yes=false$/m);
});
