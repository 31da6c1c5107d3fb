/**
 * The examples of docs/consumer.md, unchanged: they accept what was published, and refuse everything that does not
 * match its manifest. `run.ts` installs the AWS CLI and boto3.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { parse } from "csv-parse/sync";
import type { QueryResultRow } from "pg";

import { commandLine } from "../support/command-line";
import { codeBlocks } from "../support/markdown";
import { World, type LoanManifest, type LoanFile } from "../support/world";
import { ROOT } from "../support/root";
import { consume as consumeIn, PYTHON } from "./consumer";

const MONTH = "2026-09";
const MANIFEST = "_manifests/2026/09.json";

const blocks = (language: string) =>
  codeBlocks("docs/consumer.md").flatMap(({ language: each, code }) => (each === language ? [code] : []));
const [shell = "", shellBefore = ""] = blocks("bash");
const [python = ""] = blocks("python");
const [averages = "", totals = ""] = blocks("sql");

/** How each example is started, and its errors for a month that is missing or damaged. */
const examples = [
  {
    language: "shell",
    command: ["bash", "--norc", "-c", shell],
    complaints: { missing: /NoSuchKey/, other: /did NOT match/, gone: /NoSuchVersion/ },
  },
  {
    language: "Python",
    command: [PYTHON, "-c", python],
    complaints: {
      missing: /2026-09 is not published/,
      other: /sha256.* and the manifest says /,
      gone: /NoSuchVersion/,
    },
  },
] as const;

let world: World;
let directory: string;
beforeEach(async () => {
  world = await World.create("seeded");
  directory = await mkdtemp(path.join(os.tmpdir(), "consumer-"));
  await extract();
});
afterEach(async () => {
  await rm(directory, { recursive: true });
  await world.close();
});

async function extract(...flags: string[]): Promise<void> {
  const { exitCode, stderr } = await commandLine(["extract", "--month", MONTH, ...flags], world.environment);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Runs an example in an empty folder with the variables that the page names. */
async function consume(command: readonly string[], prefix = "") {
  const { exitCode, stderr } = await consumeIn(world, directory, command, { EXTRACT_PREFIX: prefix, MONTH });
  return { exitCode, stderr };
}

const fetched = (file: LoanFile, folder = "files") =>
  readFile(path.join(directory, MONTH, folder, file.key), "utf8");

/** Replaces the month's manifest with one that differs in its first file. */
async function tamper(change: (file: LoanFile, manifest: LoanManifest) => Partial<LoanFile>) {
  const manifest = await world.manifest(MONTH);
  const [first, ...others] = manifest.files;
  if (first === undefined) throw new Error("the month has no files");
  const files = [{ ...first, ...change(first, manifest) }, ...others];
  await world.put(MANIFEST, JSON.stringify({ ...manifest, files }));
}

describe.each(examples)("the example in $language", ({ command, complaints }) => {
  const expectRefusal = async (complaint: RegExp, prefix?: string) => {
    const { exitCode, stderr } = await consume(command, prefix);
    expect(stderr).toMatch(complaint);
    expect(exitCode).toBeGreaterThan(0);
  };

  it("fetches a complete and correct month", async () => {
    expect(await consume(command)).toEqual({ exitCode: 0, stderr: "" });
    const { files } = await world.manifest(MONTH);
    expect(files.map(({ bankName }) => bankName)).toContain("Crédit d'Été");
    for (const file of files) expect(await fetched(file)).toBe(await world.read(file.key));
  });

  it("fetches the single loans below their prefix", async () => {
    await extract("--extract", "loan_detail");
    expect(await consume(command, "loan_detail/")).toEqual({ exitCode: 0, stderr: "" });
    for (const file of (await world.manifest(MONTH, "loan_detail/")).files) {
      expect(await fetched(file)).toBe(await world.read(file.key));
    }
  });

  it("takes a prefix without its slash, as the program does", async () => {
    await world.run({ month: MONTH }, { environment: { EXTRACT_PREFIX: "prod/" } });
    expect(await consume(command, "prod")).toEqual({ exitCode: 0, stderr: "" });
    for (const file of (await world.manifest(MONTH, "prod/")).files) {
      expect(await fetched(file)).toBe(await world.read(file.key));
    }
  });

  it("leaves the files of an earlier run as they are if a new one is refused", async () => {
    await consume(command);
    const { files } = await world.manifest(MONTH);
    await tamper(({ sha256 }) => ({ sha256: sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }));
    await expectRefusal(complaints.other);
    for (const file of files) expect(await fetched(file)).toBe(await world.read(file.key));
  });

  it("fetches the published version of a file that was overwritten since", async () => {
    const [file] = (await world.manifest(MONTH)).files;
    if (file === undefined) throw new Error("the month has no files");
    const published = await world.read(file.key);
    await world.put(file.key, published.replace("2026-09", "2026-08"));
    expect(await consume(command)).toEqual({ exitCode: 0, stderr: "" });
    expect(await fetched(file)).toBe(published);
  });

  it("refuses a month that has no manifest", async () => {
    await expectRefusal(complaints.missing, "nowhere/");
  });

  it("refuses a month that was withdrawn, with the reason", async () => {
    await world.withdraw({ month: MONTH, reason: "test data" });
    await expectRefusal(/2026-09 was withdrawn: test data/);
  });

  it("refuses a file with a single changed byte", async () => {
    const { files } = await world.manifest(MONTH);
    const key = files[0]?.key ?? "";
    const text = await world.read(key);
    const versionId = await world.put(
      key,
      text.replace(/\d\n/, (end) => (end === "9\n" ? "8\n" : "9\n")),
    );
    await tamper(() => ({ versionId }));
    await expectRefusal(complaints.other);
    await expect(readFile(path.join(directory, MONTH, "files", key))).rejects.toThrow("ENOENT");
  });

  it("refuses a file if the manifest has another SHA-256", async () => {
    await tamper(({ sha256 }) => ({ sha256: sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }));
    await expectRefusal(complaints.other);
  });

  it("refuses a file that is gone", async () => {
    // A version's id may start with a dash, as a flag does.
    await tamper(({ versionId }) => ({ versionId: `-${versionId ?? ""}` }));
    await expectRefusal(complaints.gone);
  });
});

it.each([
  ["rowCount", 1],
  ["loanCount", "1"],
  ["loanTotal", "1"],
  ["byteCount", 1],
] as const)(
  "the example in Python refuses a wrong %s in the manifest, even if the bytes are right",
  async (name, value) => {
    await tamper(() => ({ [name]: value }));
    const { exitCode, stderr } = await consume(examples[1].command);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`'${name}': .* and the manifest says .*'${name}': '?1'?[,}]`));
  },
);

it("the example of a restatement fetches the files of the earlier revision", async () => {
  const before = await world.manifest(MONTH);
  const texts = await Promise.all(before.files.map(({ key }) => world.read(key)));
  await world.sql("update loans set amount = amount + 1 where loan_date = '2026-09-10'");
  await extract("--restate");
  const done = { exitCode: 0, stderr: "" };
  expect(await consume(examples[0].command)).toEqual(done);
  expect(await consume(["bash", "--norc", "-c", shellBefore])).toEqual(done);
  expect(await Promise.all(before.files.map((file) => fetched(file, "before")))).toEqual(texts);
  expect(await Promise.all(before.files.map((file) => fetched(file)))).not.toEqual(texts);
});

/** Athena can't run here. PostgreSQL checks the names, the casts and the figures, over text columns as in Athena. */
describe("the examples in SQL", () => {
  async function query<Row extends QueryResultRow>(statement: string): Promise<Row[]> {
    const { columns, files } = await world.manifest(MONTH);
    const catalog = await readFile(path.join(ROOT, "infra-terraform", "catalog.tf"), "utf8");
    const partitions = [...catalog.matchAll(/partition_keys \{\s+name\s+= "(\w+)"/g)].map(
      ([, name = ""]) => name,
    );
    expect(partitions).toHaveLength(2);
    const all = [...columns, ...partitions];
    await world.sql(`create table loan_moving_average (${all.map((name) => `${name} text`).join(", ")})`);
    for (const { key } of files) {
      const rows = parse(await world.read(key), { from_line: 2 });
      for (const row of rows) {
        const values = [...row, key.split("/")[0], MONTH.replace("-", "/")];
        const places = values.map((_, index) => `$${index + 1}`).join(", ");
        await world.sql(`insert into loan_moving_average values (${places})`, values);
      }
    }
    return world.sql<Row>(statement);
  }

  it("give the averages in the file", async () => {
    const rows = await query<Record<string, string | null>>(averages);
    const [file] = (await world.manifest(MONTH)).files;
    const published = parse<Record<string, string>>(await world.read(file?.key ?? ""), { columns: true });
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map((row) => [row["branch_id"], row["moving_average_3m"] ?? ""])).toEqual(
      published.map((row) => [row["branch_id"], row["moving_average_3m"]]),
    );
    expect(rows.filter((row) => row["moving_average_3m"] === null)).not.toEqual([]);
  });

  it("give the totals of the manifest", async () => {
    const [first, ...others] = await query<Record<string, string>>(totals);
    const [file] = (await world.manifest(MONTH)).files;
    // Paper Bank has no branches, so its file has no rows.
    expect(others).toEqual([]);
    expect(first).toEqual({
      bank: "FirstNational",
      row_count: String(file?.rowCount),
      loan_count: file?.loanCount,
      loan_total: file?.loanTotal,
    });
  });
});
