/** docs/fetch_month.py, as a consumer runs it: whole, proven and final, or what was there before stays. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { ROOT } from "../support/root";
import { type LoanFile, World } from "../support/world";
import { consume, PYTHON } from "./consumer";

const MONTH = "2026-09";
const PROGRAM = path.join(ROOT, "docs", "fetch_month.py");

let world: World;
let directory: string;
beforeEach(async () => {
  world = await World.create("seeded");
  directory = await mkdtemp(path.join(os.tmpdir(), "fetch-month-"));
  await world.run({ month: MONTH });
});
afterEach(async () => {
  await rm(directory, { recursive: true });
  await world.close();
});

const fetchMonth = (...flags: string[]) =>
  consume(world, directory, [PYTHON, PROGRAM, "--month", MONTH, ...flags]);

const held = (name: string) => readFile(path.join(directory, MONTH, name), "utf8");

async function expectHeld(files: readonly LoanFile[]): Promise<void> {
  const names = (await readdir(path.join(directory, MONTH), { recursive: true })).filter((name) =>
    name.endsWith(".csv"),
  );
  expect(names.sort()).toEqual(files.map(({ key }) => key).sort());
  for (const { key, versionId } of files) expect(await held(key)).toBe(await world.read(key, versionId));
  expect((await readdir(directory)).filter((name) => /^\.\d/.test(name))).toEqual([]);
}

/** How many files the program downloads meanwhile. */
async function downloadsDuring(action: () => Promise<unknown>): Promise<number> {
  const before = world.aws.requests.length;
  await action();
  const made = world.aws.requests.slice(before).filter(({ operation }) => operation === "GetObject");
  return made.length - 1;
}

/** What S3 answers to a principal with rights to these folders alone. */
function allowOnly(folders: readonly string[], present: readonly string[]): void {
  world.aws.onRequest(({ operation, key = "" }) => {
    const isDenied =
      operation === "GetObject" &&
      (!folders.some((folder) => key.startsWith(folder)) || !present.includes(key));
    return isDenied
      ? { respond: { status: 403, code: "AccessDenied", message: "Access Denied" } }
      : undefined;
  });
}

it("fetches the whole month, and then nothing, because it has this revision", async () => {
  expect(await fetchMonth()).toEqual({
    exitCode: 0,
    stdout: `${MONTH} revision 1: 4 fetched, 0 unchanged\n`,
    stderr: "",
  });
  await expectHeld((await world.manifest(MONTH)).files);
  expect(await downloadsDuring(fetchMonth)).toBe(0);
  expect((await fetchMonth()).stdout).toBe(`${MONTH} revision 1 is there already\n`);
});

it("fetches only the files that a restatement changed", async () => {
  await fetchMonth();
  await world.sql(
    "update loans set amount = amount + 1 where idloan in (select min(idloan) from loans where loan_date = '2026-09-10')",
  );
  await world.run({ month: MONTH, restate: true });
  expect((await fetchMonth()).stdout).toBe(`${MONTH} revision 2: 1 fetched, 3 unchanged\n`);
  await expectHeld((await world.manifest(MONTH)).files);
  expect(JSON.parse(await held("state.json"))).toMatchObject({ month: MONTH, revision: 2, bank: null });
});

it("fetches a file again that was changed on this machine", async () => {
  await fetchMonth();
  const { files } = await world.manifest(MONTH);
  await writeFile(path.join(directory, MONTH, files[0]?.key ?? ""), "changed here");
  expect((await fetchMonth()).stdout).toContain("1 fetched, 3 unchanged");
  await expectHeld(files);
});

it.each(["FirstNational", "First National"])(
  "fetches the bank %s alone, by its folder or its name",
  async (bank) => {
    const { files } = await world.manifest(MONTH);
    const own = files.filter(({ key }) => key.startsWith("FirstNational/"));
    allowOnly(["FirstNational/", "_manifests/"], [...own.map(({ key }) => key), "_manifests/2026/09.json"]);
    expect(await fetchMonth("--bank", bank)).toMatchObject({ exitCode: 0, stderr: "" });
    await expectHeld(own);
  },
);

it("says which banks there are if there is no such bank, and which bank a folder is of", async () => {
  const unknown = await fetchMonth("--bank", "Nobody");
  expect(unknown.exitCode).toBe(64);
  expect(unknown.stderr).toContain("its banks are CréditDÉté, FirstNational, PaperBank, SmithJonesSöhne");
  await fetchMonth("--bank", "PaperBank");
  const other = await fetchMonth();
  expect([other.exitCode, other.stderr]).toEqual([
    64,
    `fetch_month: ${MONTH} is of PaperBank: give another --folder\n`,
  ]);
});

it("takes the prefix with or without its slash", async () => {
  await world.run({ month: MONTH }, { environment: { EXTRACT_PREFIX: "prod/" } });
  expect(await fetchMonth("--prefix", "prod")).toMatchObject({ exitCode: 0, stderr: "" });
  await fetchMonth("--prefix", "prod/", "--folder", "other");
  const { files } = await world.manifest(MONTH, "prod/");
  const name = files[0]?.key.slice("prod/".length) ?? "";
  expect(await held(name)).toBe(await world.read(files[0]?.key ?? ""));
  expect(await readFile(path.join(directory, "other", MONTH, name), "utf8")).toBe(await held(name));
});

it("ends with 75 if the month is not published, also where S3 answers 403 for what does not exist", async () => {
  const missing = {
    exitCode: 75,
    stderr: "fetch_month: 2026-08 is not published: there is no _manifests/2026/08.json\n",
  };
  const fetchAugust = () => consume(world, directory, [PYTHON, PROGRAM, "--month", "2026-08"]);
  expect(await fetchAugust()).toMatchObject(missing);
  allowOnly(["FirstNational/", "_manifests/"], []);
  expect(await fetchAugust()).toMatchObject(missing);
});

it("ends with 69 if the manifest is there and may not be read", async () => {
  allowOnly(["FirstNational/"], []);
  const { exitCode, stderr } = await fetchMonth("--bank", "FirstNational");
  expect([exitCode, stderr.includes("AccessDenied")]).toEqual([69, true]);
});

it("ends with 69 if the signature is wrong", async () => {
  const { exitCode, stderr } = await consume(world, directory, [PYTHON, PROGRAM, "--month", MONTH], {
    AWS_SECRET_ACCESS_KEY: "wrong",
  });
  expect([exitCode, stderr.includes("SignatureDoesNotMatch")]).toEqual([69, true]);
});

it("ends with 76 if the month was withdrawn, with the reason, and leaves the files", async () => {
  await fetchMonth();
  const before = await held("state.json");
  await world.withdraw({ month: MONTH, reason: "test data" });
  expect(await fetchMonth()).toMatchObject({
    exitCode: 76,
    stderr: `fetch_month: ${MONTH} was withdrawn: test data\n`,
  });
  expect(await held("state.json")).toBe(before);
});

describe("a file that is not as the manifest says", () => {
  it.each([
    ["other bytes", { sha256: "0".repeat(64) }, "the SHA-256 is "],
    ["another number of rows", { rowCount: 1 }, "the number of rows is "],
    ["a key outside the folder", { key: "../../taken.csv" }, "which is not below the prefix"],
  ])("ends with 1 and leaves the revision that is there: %s", async (_, change, complaint) => {
    await fetchMonth();
    const before = await world.manifest(MONTH);
    const [first, ...others] = before.files;
    await world.put(
      "_manifests/2026/09.json",
      JSON.stringify({ ...before, revision: 2, files: [{ ...first, ...change }, ...others] }),
    );
    const { exitCode, stderr } = await fetchMonth();
    expect([exitCode, stderr.includes(complaint)]).toEqual([1, true]);
    expect(JSON.parse(await held("state.json"))).toMatchObject({ revision: 1 });
    for (const { key, versionId } of before.files)
      expect(await held(key)).toBe(await world.read(key, versionId));
  });
});

it("continues where a run ended between its two renames, and after one that ended in the middle", async () => {
  await fetchMonth();
  await rename(path.join(directory, MONTH), path.join(directory, `.${MONTH}.old`));
  await mkdir(path.join(directory, `.${MONTH}.new`));
  await writeFile(path.join(directory, `.${MONTH}.new`, "half"), "of a file");
  expect(await downloadsDuring(fetchMonth)).toBe(0);
  await world.sql("update loans set amount = amount + 1 where loan_date = '2026-09-10'");
  await world.run({ month: MONTH, restate: true });
  expect((await fetchMonth()).exitCode).toBe(0);
  await expectHeld((await world.manifest(MONTH)).files);
});

it("never touches a folder that it did not make", async () => {
  await mkdir(path.join(directory, MONTH));
  await writeFile(path.join(directory, MONTH, "mine.txt"), "mine");
  expect(await fetchMonth()).toMatchObject({
    exitCode: 64,
    stderr: `fetch_month: ${MONTH} was not made by this program: give another --folder\n`,
  });
  expect(await held("mine.txt")).toBe("mine");
});
