/** `intake` on the command line: files in the feeds' order, exit codes, and what a person and a machine read. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import type { Taken } from "../../../src/intake/by-hand";
import { commandLine } from "../../support/command-line";
import { DeliveryWorld } from "../../support/delivery-world";
import { fileOf } from "../../support/intake-world";

jest.setTimeout(60_000);

const TIME = "2024-05-31T22:00:00Z";
const clients = fileOf(["300|Placeholder|S|10"], { feed: "clients", time: TIME });
const accounts = fileOf(["3000|7|300|2020-01-01"], { feed: "accounts", total: 7, time: TIME });
const loans = fileOf(["1|100|3000|2024-05-01"], { total: 100, time: TIME });
const wrongTrailer = fileOf(["1|100|1000|2024-05-01"], { total: 100, count: 2, time: TIME });

let world: DeliveryWorld;
let directory: string;
beforeAll(async () => {
  world = await DeliveryWorld.create();
  directory = await mkdtemp(path.join(os.tmpdir(), "intake-"));
});
beforeEach(() => world.reset());
afterAll(async () => {
  await rm(directory, { recursive: true });
  await world.close();
});

/** Writes a file as the bank names it. */
async function fileNamed(feed: string, content: string, folder = "a"): Promise<string> {
  const file = path.join(directory, folder, `${feed}_20240531T220000Z.dat`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

/** Calls of the tests' command line are those of a person with rights of their own. */
const intake = (...flags: string[]) =>
  commandLine(["intake", ...flags], { ...world.environment, AWS_SDK_UA_APP_ID: "test" });

const bank = ["--bank", "FirstNational"];
const takenIn = (stdout: string) => (JSON.parse(stdout) as { files: Taken[] }).files;

it("takes files in the order of the feeds, however they are given, and then finds them unchanged", async () => {
  const files = [
    await fileNamed("loans", loans),
    await fileNamed("accounts", accounts),
    await fileNamed("clients", clients),
  ];
  const first = await intake(...files, ...bank, "--json");
  expect([first.exitCode, takenIn(first.stdout).map(({ feed, outcome }) => [feed, outcome])]).toEqual([
    0,
    [
      ["clients", "loaded"],
      ["accounts", "loaded"],
      ["loans", "loaded"],
    ],
  ]);
  expect(first.stderr).toMatch(/loans_20240531T220000Z\.dat {2}loaded {2}1 records: 1 inserted\n/);
  expect(first.stderr).toContain("report: archive/FirstNational/loans_20240531T220000Z.");
  expect(await world.contents(world.landing)).toEqual({});
  expect(world.messages.map(({ outcome }) => outcome)).toEqual(["loaded", "loaded", "loaded"]);

  const before = await world.contents();
  const second = await intake(...files, ...bank, "--json");
  expect([second.exitCode, takenIn(second.stdout).map(({ outcome }) => outcome)]).toEqual([
    0,
    ["unchanged", "unchanged", "unchanged"],
  ]);
  const archived = (contents: Record<string, string>) =>
    Object.entries(contents).filter(([key]) => key.startsWith("archive/"));
  expect(archived(await world.contents())).toEqual(archived(before));
});

it("rejects a file with exit code 1, says why, and keeps the report", async () => {
  const file = await fileNamed("loans", wrongTrailer, "b");
  const { exitCode, stdout, stderr } = await intake(file, ...bank);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/loans_20240531T220000Z\.dat {2}rejected\n {2}.*trailer/);
  expect(stderr).toContain("a file was rejected");
  expect(Object.keys(await world.reports())[0]).toMatch(/^error\//);
  expect(world.notices).toHaveLength(1);
});

it("shows the first of thousands of problems, says how many more there are, and keeps a thousand", async () => {
  const details = Array.from({ length: 5000 }, (_, at) => `${at}|1|1000|${at % 2 === 0 ? "today" : ""}|`);
  const file = await fileNamed("loans", fileOf(details, { total: 5000, time: TIME }), "t");
  const { exitCode, stdout } = await intake(file, ...bank);
  expect(exitCode).toBe(1);
  expect(stdout.match(/^ {2}line \d+: has 5 fields behind its code instead of 4$/gm)).toHaveLength(20);
  expect(stdout).toContain("\n  … and 4981 more\n");

  const [report] = Object.values(await world.reports());
  expect(report).toMatchObject({ outcome: "rejected", problemCount: 5001, rejectedRecords: 5000 });
  const problems = (report?.["problems"] ?? []) as { line: number; reason: string; record: string }[];
  expect(problems).toHaveLength(1000);
  expect(problems.every(({ line, reason, record }) => line > 1 && reason !== "" && record !== "")).toBe(true);
  const rejects = Object.entries(await world.contents()).find(([key]) => key.endsWith(".rejects.csv"))?.[1];
  expect(rejects?.trimEnd().split("\n")).toHaveLength(1001);
});

it("checks files and loads nothing in a dry run, which needs no bucket", async () => {
  const file = await fileNamed("clients", clients, "c");
  const { exitCode, stdout, stderr } = await commandLine(["intake", file, ...bank, "--dry-run", "--json"], {
    ...world.environment,
    ...{ INTAKE_BUCKET: "", LANDING_BUCKET: "", AWS_SDK_UA_APP_ID: "test" },
  });
  expect([exitCode, takenIn(stdout)]).toMatchObject([0, [{ outcome: "loaded", counts: { inserted: 1 } }]]);
  expect(stderr).toContain("would be loaded");
  expect(await world.contents()).toEqual({});
  expect(await world.world.sql("select * from client where idclient = 300")).toEqual([]);
});

it("ends with 75 if a file refers to rows that don't exist yet, and loads nothing of it", async () => {
  const { exitCode, stderr } = await intake(await fileNamed("loans", loans, "d"), ...bank);
  expect(exitCode).toBe(75);
  expect(stderr).toContain("refer to rows that don't exist yet");
  expect(await world.world.sql("select * from loans")).toEqual([]);
});

it("takes a rejected delivery again by its key", async () => {
  const early = await world.deliver("landing/FirstNational/loans_20240531T220000Z.dat", loans);
  const { output } = await world.run(early, {
    IntakeLoad: (input) => world.tasks.IntakeLoad({ ...input, ifMissing: "reject" }),
  });
  expect(output).toMatchObject({ outcome: "rejected" });
  await intake(await fileNamed("clients", clients, "e"), await fileNamed("accounts", accounts, "e"), ...bank);
  const key = Object.keys(await world.contents()).find((each) => /^error\/.*dat$/.test(each)) ?? "";
  const { exitCode, stdout } = await intake("--replay", key, "--json");
  expect([exitCode, takenIn(stdout)]).toMatchObject([0, [{ file: key, outcome: "loaded" }]]);
  expect(Object.keys(await world.reports()).filter((each) => each.startsWith("error/"))).toEqual([]);
});

it.each([
  ["no bank", ["x.dat"], "--bank is missing"],
  ["a file that doesn't exist", ["x.dat", ...bank], "x.dat is not a file"],
  ["a key that is no delivery's", ["--replay", "raw/x"], "is not the key of a delivery"],
])("refuses %s with exit code 64", async (_, flags, message) => {
  const { exitCode, stderr } = await intake(...flags);
  expect(exitCode).toBe(64);
  expect(stderr).toContain(message);
});
