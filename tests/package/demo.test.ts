/** The demonstration and the local stack, started as in the README: they succeed, and always clean up. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { addMonths, monthOf } from "../../src/platform/month";
import { COMMAND_LINE } from "../support/command-line";
import { queryParquet } from "../support/duckdb";
import { ROOT } from "../support/root";

jest.setTimeout(120_000);

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(path.join(os.tmpdir(), "demo-"));
  // PostgreSQL may run as another user, which needs access to this directory.
  await chmod(temporary, 0o755);
});
afterEach(() => rm(temporary, { recursive: true }));

interface Demo {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Its standard output, without standard error. */
  readonly result: () => string;
}

function startDemo(script = "demo"): Demo {
  // A process group of its own, as in a terminal, where Ctrl-C reaches the whole group.
  const child = spawn("npm", ["run", "--silent", script, "--", "--loans", "20000"], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let [output, result] = ["", ""];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  child.stdout.on("data", (chunk: Buffer) => (result += chunk.toString()));
  return { process: child, output: () => output, result: () => result };
}

/** What is left in the directory for temporary files, and the processes that run from there. */
async function leftBehind(): Promise<string[]> {
  // tsx and npm keep their caches on purpose.
  const entries = (await readdir(temporary)).filter((name) => !/^(tsx-\d+|node-compile-cache)$/.test(name));
  const processes = execFileSync("ps", ["-A", "-o", "args"], { encoding: "utf8" }).split("\n");
  return [...entries, ...processes.filter((line) => line.includes(temporary))];
}

it("the demonstration runs the real handler for the last closed month and shows the files", async () => {
  const demo = startDemo();
  const [exitCode] = (await once(demo.process, "close")) as [number];
  const month = addMonths(monthOf(new Date()), -1);
  expect([exitCode, exitCode === 0 ? "" : demo.output()]).toEqual([0, ""]);

  const lines = demo.output().split("\n");
  // Three banks deliver; the second one's first file has a wrong trailer.
  const deliveries = lines.filter((line) => /^ {2}landing\/\S+ {2}/.test(line));
  expect(deliveries.map((line) => /(loaded|rejected)/.exec(line)?.[1])).toEqual([
    ...["loaded", "rejected", "loaded", "loaded"],
  ]);
  expect(demo.output()).toMatch(/rejected\n {4}line 5.*\n {4}report: error\//);
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

  const parquet = lines.filter((line) => /^ +\d+ rows {2}s3:.*moving_average.*\.parquet$/.test(line));
  expect(parquet.map((line) => line.trim().split(" ")[0])).toEqual(
    expect.arrayContaining(table.map(([, rows]) => rows)) as string[],
  );
  expect(demo.output().match(/^ +3 rows {2}s3:.*\/loans\/.*\.parquet$/gm)).toHaveLength(3);
  expect(demo.output()).toMatch(
    /raw\/transactions\/.*accepted, 2 rows\n {2}s3:.*\/transactions\/.*\.parquet\n/,
  );
  expect(demo.output().match(/\(as recorded\)/g)).toHaveLength(2);
  const file = await readFile(path.join(ROOT, "demo-output", "lake", "first-national.parquet"));
  const [count] = await queryParquet([file], "select count(*)::varchar from file0");
  expect(count).toEqual([table.find(([key = ""]) => key.startsWith("FirstNational/"))?.[1]]);
  expect(demo.output()).toMatch(
    new RegExp(`\n${month}: 3 files of loans in demo-output/, in [\\d.]+ m?[^\n]*s\n$`),
  );
  expect(await leftBehind()).toEqual([]);
});

it.each([
  ["while the stack starts", "Starting PostgreSQL"],
  ["while the handler runs", "Invoking the handler"],
])("the demonstration leaves nothing behind on Ctrl-C %s", async (_, moment) => {
  const demo = startDemo();
  while (!demo.output().includes(moment)) await sleep(20);
  await sleep(200);
  await interrupt(demo);
  expect(await leftBehind()).toEqual([]);
  expect(demo.output()).not.toContain("The files are in");
});

it("the local stack prints settings that a shell can read, and runs until Ctrl-C", async () => {
  const stack = startDemo("local");
  while (!stack.output().includes("Press Ctrl-C here")) await sleep(20);
  const file = path.join(temporary, "local.env");
  await writeFile(file, stack.result());
  const script = `. '${file}' && rm '${file}' && exec "$0" "$1" extract --month "$2" --json`;
  const month = addMonths(monthOf(new Date()), -1);
  const printed = execFileSync("sh", ["-c", script, process.execPath, COMMAND_LINE, month], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(JSON.parse(printed)).toMatchObject({ months: [{ month, status: "published" }] });
  await interrupt(stack);
  expect(await leftBehind()).toEqual([]);
});

/** Sends Ctrl-C and waits for the clean-up: npm may exit before the processes that it started. */
async function interrupt({ process: child }: Demo): Promise<void> {
  const closed = once(child, "close");
  process.kill(-(child.pid ?? 0), "SIGINT");
  await closed;
  for (let waits = 0; waits < 100 && (await leftBehind()).length > 0; waits++) await sleep(100);
}
