/** The demonstration, started as the README says: it ends well, and leaves nothing behind however it ends. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { addMonths, monthOf } from "../../src/month";

jest.setTimeout(120_000);

const ROOT = path.join(__dirname, "..", "..");

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(path.join(os.tmpdir(), "demo-"));
  // PostgreSQL may run as another user, who has to get through here.
  await chmod(temporary, 0o755);
});
afterEach(() => rm(temporary, { recursive: true }));

interface Demo {
  readonly process: ChildProcess;
  readonly output: () => string;
}

function startDemo(): Demo {
  // A process group of its own, as a terminal makes one: Ctrl-C goes to all of it.
  const child = spawn("npm", ["run", "--silent", "demo", "--", "--loans", "20000"], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  return { process: child, output: () => output };
}

/** What is left in the directory for temporary files, and the processes that run from there. */
async function leftBehind(): Promise<string[]> {
  // The caches of tsx and npm are theirs, and meant to stay.
  const entries = (await readdir(temporary)).filter((name) => !/^(tsx-\d+|node-compile-cache)$/.test(name));
  const processes = execFileSync("ps", ["-A", "-o", "args"], { encoding: "utf8" }).split("\n");
  return [...entries, ...processes.filter((line) => line.includes(temporary))];
}

it("runs the real handler for the last closed month and shows the files", async () => {
  const demo = startDemo();
  const [exitCode] = (await once(demo.process, "close")) as [number];
  const month = addMonths(monthOf(new Date()), -1);
  expect([exitCode, exitCode === 0 ? "" : demo.output()]).toEqual([0, ""]);

  const lines = demo.output().split("\n");
  const table = lines.filter((line) => /^\S+\.csv +\d+ +\d+$/.test(line)).map((line) => line.split(/ +/));
  expect(table).toHaveLength(3);
  for (const [key = "", rows, bytes] of table) {
    const file = await readFile(path.join(ROOT, "demo-output", key), "utf8");
    expect(key).toContain(`/${month.replace("-", "/")}/`);
    expect(Number(bytes)).toBe(Buffer.byteLength(file));
    expect(Number(rows)).toBe(file.split(`,${month},`).length - 1);
  }
  expect(lines).toContain(
    "bank_id,bank_name,branch_id,branch_address,month,loan_count,loan_total,loan_average,loan_count_3m,moving_average_3m,monthly_total_average_3m",
  );
  expect(await leftBehind()).toEqual([]);
});

it.each([
  ["while the stack starts", "Starting PostgreSQL"],
  ["while the handler runs", "Invoking the handler"],
])("leaves nothing behind on Ctrl-C %s", async (_, moment) => {
  const demo = startDemo();
  while (!demo.output().includes(moment)) await sleep(20);
  await sleep(200);
  const closed = once(demo.process, "close");
  process.kill(-(demo.process.pid ?? 0), "SIGINT");
  await closed;
  // npm may go before what it started has cleaned up.
  for (let waits = 0; waits < 100 && (await leftBehind()).length > 0; waits++) await sleep(100);
  expect(await leftBehind()).toEqual([]);
  expect(demo.output()).not.toContain("The files lie in");
});
