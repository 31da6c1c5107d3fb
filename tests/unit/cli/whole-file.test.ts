/** A file that a command writes is whole or as it was before, and the error says which of the two causes it has. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { expectWritable, writeWhole } from "../../../cli/whole-file";
import { ROOT } from "../../support/root";

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "whole-"));
  file = path.join(directory, "report.html");
  await writeFile(file, "before");
});
afterEach(() => rm(directory, { recursive: true }));

it("replaces a file, also behind a link, and leaves nothing else", async () => {
  const link = path.join(directory, "link.html");
  await symlink(file, link);
  await writeWhole(link, "after");
  expect([await readFile(file, "utf8"), (await readdir(directory)).sort()]).toEqual([
    "after",
    ["link.html", "report.html"],
  ]);
});

it("leaves the file as it was if the disk is full in the middle, and says so", async () => {
  // The system refuses to write more than 4 KiB to a file.
  const script = 'ulimit -f 8; exec "$0" --require tsx/cjs -e "$1"';
  const code = `const { writeWhole } = require("./cli/whole-file.ts");
    writeWhole(${JSON.stringify(file)}, "x".repeat(50_000)).catch(({ name, message, hint, exitCode }) => {
      console.log(JSON.stringify({ name, message, hint, exitCode }));
    });`;
  const { stdout } = await promisify(execFile)("sh", ["-c", script, process.execPath, code], { cwd: ROOT });
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ name: "BatchError", exitCode: 1 },
    message: expect.stringContaining(`can't write ${file}: EFBIG`) as string,
    hint: expect.stringContaining("Free some space") as string,
  });
  expect([await readFile(file, "utf8"), await readdir(directory)]).toEqual(["before", ["report.html"]]);
});

it("refuses a folder that doesn't exist before anything is read", async () => {
  await expect(expectWritable(path.join(directory, "no", "report.html"))).rejects.toMatchObject({
    name: "RequestError",
    hint: expect.stringContaining("a folder that exists") as string,
  });
});
