/** A published month on its way into the lake: what is written, in which order, and what is not. */
import { loanDetail } from "../../../src/lake/datasets/loan-detail";
import { bringMonth } from "../../../src/lake/lake-month";
import { publishedMonths, readPublishedMonth } from "../../../src/lake/published-month";
import { version } from "../../../package.json";
import type { Month } from "../../../src/platform/month";
import { failureOf, first, LakeInMemory, loanOf, second, sha256, third } from "../../support/lake-in-memory";

const month = "2026-09" as Month;
const list = "tables/loan_detail/year=2026/month=09/symlink.txt";
const manifest = "out/loan_detail/_manifests/2026/09.json";

let world: LakeInMemory;
beforeEach(() => (world = new LakeInMemory()));

const bring = (remake = false) => bringMonth(world.lake, loanDetail, month, remake);
const recorded = () => world.records.of(`month/loan_detail/${month}`, "month");
const steps = () => world.events.splice(0).map(({ step }) => step);
const parquetOf = (sha: string | undefined) =>
  `analytics-ready/loan_detail/year=2026/month=09/${sha ?? ""}.parquet`;

/** A month with two loans of the first bank and one of the second. */
const publish = (options: Parameters<LakeInMemory["publish"]>[3] = {}, amount = 5) =>
  world.publish(
    loanDetail,
    month,
    { 1: [loanOf(1, 11, amount), loanOf(1, 12, null)], 2: [loanOf(2, 21, 7)] },
    options,
  );

describe("a month that is published", () => {
  it("is in each tenant's bucket: a file, and a list that names it as text", async () => {
    const [one, two] = publish().files;
    const keys = [parquetOf(one?.sha256), parquetOf(two?.sha256)] as const;
    expect(await bring()).toEqual({
      ...{ dataset: "loan_detail", month, status: "published", revision: 1 },
      objects: [
        { tenant: "first", bucket: "lake-first", key: keys[0], rowCount: 2 },
        { tenant: "second", bucket: "lake-second", key: keys[1], rowCount: 1 },
      ],
    });
    for (const [index, tenant] of [first, second].entries()) {
      const bucket = world.of(tenant);
      expect(bucket.keys).toEqual([keys[index], list]);
      expect(bucket.text(list)).toBe(`s3://${bucket.name}/${keys[index] ?? ""}\n`);
      expect(bucket.mediaType(list)).toBe("text/plain");
      expect(bucket.mediaType(keys[index] ?? "")).toBe("application/vnd.apache.parquet");
    }
    expect(world.of(third).keys).toEqual([]);
    expect(recorded()).toEqual({
      ...{ schemaVersion: 1, dataset: "loan_detail", month, state: "published", revision: 1, manifest },
      objects: [
        { tenant: "first", bucket: "lake-first", key: keys[0], rowCount: 2 },
        { tenant: "second", bucket: "lake-second", key: keys[1], rowCount: 1 },
      ],
      ...{ runId: "run-1", recordedAt: "2026-10-05T10:00:00.000Z" },
    });
    expect(world.messages).toEqual([
      {
        subject: "loan_detail 2026-09 published, revision 1",
        message: JSON.stringify({
          ...{ dataset: "loan_detail", month, state: "published", revision: 1 },
          objects: [
            { tenant: "first", uri: `s3://lake-first/${keys[0]}`, rowCount: 2 },
            { tenant: "second", uri: `s3://lake-second/${keys[1]}`, rowCount: 1 },
          ],
          runId: "run-1",
        }),
      },
    ]);
  });

  it("says of each file where it comes from", async () => {
    const [one] = publish().files;
    await bring();
    const uri = `s3://lake-first/${parquetOf(one?.sha256)}`;
    const bytes = world.of(first).text(parquetOf(one?.sha256)) ?? "";
    expect(bytes).not.toBe("");
    const [item] = await world.lake.lineage.find("lake-first", parquetOf(one?.sha256));
    expect(world.records.subjects).toContain(uri);
    expect(item).toMatchObject({
      ...{ tenant: "first", dataset: "loan_detail", month, rowCount: 2 },
      totals: { loanCount: "2", loanTotal: "5" },
      program: { version },
      parents: [
        {
          ...{ bucket: "extracts", key: one?.key, versionId: one?.versionId, sha256: one?.sha256 },
          manifest: { key: manifest, revision: 1, runId: "extract-1", publishedAt: "2026-10-02T03:00:00Z" },
        },
      ],
      recordedAt: "2026-10-05T10:00:00.000Z",
    });
  });

  it("takes its steps in order, each with what it is about", async () => {
    const [one] = publish().files;
    await bring();
    const own = world.events.filter(({ tenant }) => tenant === "first");
    expect(own).toEqual([
      ...(["staged", "completed", "proven", "recorded"] as const).map((step) => ({
        ...{ step, dataset: "loan_detail", month, tenant: "first", key: parquetOf(one?.sha256) },
      })),
      { step: "listed", dataset: "loan_detail", month, tenant: "first", key: list },
    ]);
    expect(world.events.filter(({ tenant }) => tenant === undefined)).toEqual([
      { step: "announced", dataset: "loan_detail", month },
      { step: "month recorded", dataset: "loan_detail", month },
    ]);
  });

  it("is left alone when it is there", async () => {
    publish();
    const { objects } = await bring();
    const changes = [first, second].map((tenant) => world.of(tenant).changes.splice(0));
    expect(changes.map(({ length }) => length)).toEqual([2, 2]);
    steps();
    expect(await bring()).toEqual({
      ...{ dataset: "loan_detail", month, status: "unchanged", revision: 1, objects },
    });
    expect(steps()).toEqual([]);
    expect([first, second].flatMap((tenant) => world.of(tenant).changes)).toEqual([]);
    expect(world.messages).toHaveLength(1);
  });

  it("is made again where that is wanted, and where a file is gone", async () => {
    publish();
    await bring();
    steps();
    expect(await bring(true)).toMatchObject({ status: "restated" });
    expect(steps().filter((step) => step === "completed")).toHaveLength(2);
    const [key = ""] = world.of(first).keys;
    world.of(first).erase(key);
    expect(await bring()).toMatchObject({ status: "restated" });
    expect(steps()).toEqual(["staged", "completed", "proven", "recorded"]);
    expect(world.of(first).keys).toContain(key);
    // What was there to be announced has not changed.
    expect(world.messages).toHaveLength(1);
  });

  it("gets a list again that is gone or names something else", async () => {
    publish();
    await bring();
    const text = world.of(first).text(list);
    for (const wrong of [undefined, "s3://lake-first/another\n"]) {
      if (wrong === undefined) world.of(first).erase(list);
      else world.of(first).write(list, wrong);
      expect(await bring()).toMatchObject({ status: "restated" });
      expect(world.of(first).text(list)).toBe(text);
    }
  });

  it("is looked at once when it is there", async () => {
    publish();
    await bring();
    const lists: string[] = [];
    world.of(first).before = (operation, key) => {
      if (operation === "list") lists.push(key);
    };
    await bring();
    expect(lists).toEqual(["analytics-ready/loan_detail/year=2026/month=09/"]);
  });

  it("does not trust a file that no list names: the run that made it may have died", async () => {
    const [one] = publish().files;
    world.of(first).write(parquetOf(one?.sha256), "half of it");
    await bring();
    expect(world.of(first).text(parquetOf(one?.sha256))).not.toBe("half of it");
  });

  it("does not reach a tenant that doesn't have the dataset", async () => {
    world.publish(loanDetail, month, { 1: [loanOf(1, 11, 5)], 3: [loanOf(3, 31, 5)] });
    expect((await bring()).objects.map(({ tenant }) => tenant)).toEqual(["first"]);
    expect(world.of(third).keys).toEqual([]);
  });

  it("may have no rows of a bank", async () => {
    world.publish(loanDetail, month, { 1: [] });
    expect((await bring()).objects).toMatchObject([{ tenant: "first", rowCount: 0 }]);
  });

  it("has no file for a tenant whose bank has none", async () => {
    world.publish(loanDetail, month, { 1: [loanOf(1, 11, 5)] });
    expect((await bring()).objects.map(({ tenant }) => tenant)).toEqual(["first"]);
    expect(world.of(second).keys).toEqual([]);
  });

  it("is missing if it is not published, and nothing is written", async () => {
    expect(await bring()).toEqual({ dataset: "loan_detail", month, status: "missing", objects: [] });
    expect(recorded()).toBeUndefined();
    expect(world.messages).toEqual([]);
  });
});

describe("a month that is published anew", () => {
  it("replaces what was there: the old file goes when the list names the new one", async () => {
    publish();
    await bring();
    const old = world.of(first).keys[0] ?? "";
    const untouched = world.of(second).keys;
    steps();
    const [one] = publish({ revision: 2 }, 6).files;
    expect(await bring()).toMatchObject({ status: "restated", revision: 2 });
    expect(world.of(first).keys).toEqual([parquetOf(one?.sha256), list]);
    expect(world.of(first).changes.slice(-3)).toEqual([
      ...[`put ${parquetOf(one?.sha256)}`, `put ${list}`, `remove ${old}`],
    ]);
    expect(world.of(second).keys).toEqual(untouched);
    expect(steps()).toEqual([
      ...["staged", "completed", "proven", "recorded", "listed", "announced", "month recorded", "cleaned"],
    ]);
    expect(world.messages.at(-1)?.subject).toBe("loan_detail 2026-09 published, revision 2");
  });

  it("with other words alone is recorded, with the files that are there", async () => {
    publish();
    await bring();
    steps();
    publish({ revision: 2 });
    expect(await bring()).toMatchObject({ status: "restated", revision: 2 });
    expect(steps()).toEqual(["announced", "month recorded"]);
    expect(recorded()).toMatchObject({ revision: 2 });
  });

  it("leaves the lists and files when it is withdrawn, and so it stays", async () => {
    publish();
    await bring();
    steps();
    world.publish(loanDetail, month, {}, { revision: 2 });
    expect(await bring()).toEqual({
      ...{ dataset: "loan_detail", month, status: "withdrawn", revision: 2, objects: [] },
    });
    for (const tenant of [first, second]) expect(world.of(tenant).keys).toEqual([]);
    expect(steps()).toEqual(["listed", "listed", "announced", "month recorded", "cleaned"]);
    expect(recorded()).toMatchObject({ state: "withdrawn", objects: [] });
    expect(await bring()).toMatchObject({ status: "unchanged" });
    world.of(first).write(list, "by hand");
    expect(await bring()).toMatchObject({ status: "withdrawn" });
    expect(world.of(first).keys).toEqual([]);
  });

  it("is refused if a later revision is recorded by then", async () => {
    publish({ revision: 2 });
    await bring();
    publish({ revision: 1 }, 6);
    expect(await failureOf(bring())).toMatchObject({
      name: "ConflictError",
      message: "another run has recorded a later revision of loan_detail 2026-09",
      hint: "Wait until the other run has ended; the next one continues from what is published.",
    });
  });

  it("is refused if another run has written a list since this one began", async () => {
    publish();
    await bring();
    publish({ revision: 2 }, 6);
    world.observe = ({ step }) => {
      if (step === "recorded") world.of(first).write(list, "another run's");
    };
    expect(await failureOf(bring())).toMatchObject({ name: "ConflictError" });
    expect(world.of(first).text(list)).toBe("another run's");
    expect(recorded()).toMatchObject({ revision: 1 });
  });
});

describe("files that no list names", () => {
  const dead = parquetOf("of a run that died");

  it("are removed, of a month that is as it should be too", async () => {
    publish();
    await bring();
    steps();
    const { keys } = world.of(first);
    world.of(first).write(dead, "");
    expect(await bring()).toMatchObject({ status: "unchanged" });
    expect(world.of(first).keys).toEqual(keys);
    expect(steps()).toEqual(["cleaned"]);
  });

  it("are left alone where another run has written the list since", async () => {
    publish();
    world.of(first).write(dead, "");
    world.of(second).write(dead, "");
    world.observe = ({ step }) => {
      if (step === "month recorded") world.of(first).write(list, `s3://lake-first/${dead}\n`);
    };
    await bring();
    expect(world.of(first).keys).toContain(dead);
    expect(world.of(second).keys).not.toContain(dead);
  });

  it("that another run has removed by then are no concern", async () => {
    publish();
    world.of(first).write(dead, "");
    world.of(first).before = (operation, key) => {
      if (operation === "head" && key === dead) world.of(first).erase(dead);
    };
    expect(await bring()).toMatchObject({ status: "published" });
    expect(steps()).not.toContain("cleaned");
  });
});

it("a file that another run removes, although the list names it, fails the month", async () => {
  const [one, two] = publish().files;
  world.observe = ({ step }) => {
    if (step !== "month recorded") return;
    world.of(first).erase(parquetOf(one?.sha256));
    world.of(second).erase(parquetOf(two?.sha256));
  };
  expect(await failureOf(bring())).toMatchObject({
    name: "ConflictError",
    message: `another run has removed s3://lake-first/${parquetOf(one?.sha256)}, s3://lake-second/${parquetOf(two?.sha256)} in the meantime`,
    hint: "Wait until the other run has ended; the next one makes the files again.",
  });
});

it("banks without a tenant are all named, and nothing is written", async () => {
  world.publish(loanDetail, month, { 1: [loanOf(1, 1, 1)], 8: [loanOf(8, 8, 1)], 9: [loanOf(9, 9, 1)] });
  expect(await failureOf(bring())).toMatchObject({
    name: "ConfigError",
    message: 'no tenant has the bank of these files of 2026-09: "Bank 8" (bank 8), "Bank 9" (bank 9)',
    hint: "Add each bank to tenants.json, apply Terraform and deploy; a tenant may have no datasets. Nothing was written.",
  });
  expect(world.of(first).changes).toEqual([]);
});

describe("a source that is not what its manifest or the dataset says", () => {
  /** Puts another file in the first bank's place; the manifest names it. */
  const forge = (text: string, change: object = { sha256: sha256(text) }, columns?: readonly string[]) => {
    const { files } = world.publish(loanDetail, month, { 1: [loanOf(1, 11, 5)] });
    const [file] = files;
    if (file === undefined) throw new Error("there is no file");
    const written = world.extracts.write(file.key, text);
    world.publish(
      loanDetail,
      month,
      {},
      {
        change: {
          state: "published",
          files: [{ ...file, ...written, ...change }],
          ...(columns && { columns: [...columns] }),
        },
      },
    );
    return `s3://extracts/${file.key}`;
  };
  const names = loanDetail.columns.map(({ name }) => name);
  const row = "1,Bank,1,,1,1,11,2026-09-01,5";
  const csv = (...lines: string[]) => [...lines, ""].join("\n");
  const failed = async () => {
    const failure = await failureOf(bring());
    expect(world.of(first).keys.filter((key) => key.startsWith("tables/"))).toEqual([]);
    expect(recorded()).toBeUndefined();
    return failure;
  };
  const verify = "Verify the month with npx bank-batch verify. Nothing was written to the lake.";
  const again =
    "Verify the month with npx bank-batch verify; extract it again if it is damaged. Nothing was written to the lake.";

  it.each<[string, readonly string[], string]>([
    ["another bank", ["2,Bank,1,,1,1,11,2026-09-01,5"], "row 1 of URI is not of the bank 1"],
    ["another bank, later", [row, "11,Bank,1,,1,1,11,2026-09-01,5"], "row 2 of URI is not of the bank 1"],
    ["another month", ["1,Bank,1,,1,1,11,2026-10-01,5"], "row 1 of URI is not of 2026-09"],
    ["no month", ["1,Bank,1,,1,1,11,,5"], "row 1 of URI is not of 2026-09"],
    ["a field less", ["1,Bank,1,,1,1,11,2026-09-01"], "row 1 of URI has 8 fields instead of 9"],
    ["a field more", [`${row},`], "row 1 of URI has 10 fields instead of 9"],
  ])("has a row with %s", async (_, rows, message) => {
    const uri = forge(csv(names.join(), ...rows));
    expect(await failed()).toMatchObject({
      ...{ name: "DataError", message: message.replace("URI", uri), hint: verify },
    });
  });

  it("has another header line", async () => {
    const uri = forge(csv(names.toReversed().join(), row));
    expect(await failed()).toMatchObject({
      name: "DataError",
      message: `the header line of ${uri} differs from its manifest`,
      hint: verify,
    });
  });

  it("is not CSV", async () => {
    const uri = forge(csv(names.join(), `"${row}`));
    expect(await failed()).toMatchObject({
      name: "DataError",
      message: expect.stringMatching(new RegExp(`^${uri} is not CSV: record 2: `)) as string,
      hint: verify,
    });
  });

  it("has other bytes", async () => {
    const text = csv(names.join(), row);
    const uri = forge(text, { sha256: "another" });
    expect(await failed()).toMatchObject({
      name: "VerificationError",
      message: `the SHA-256 of ${uri} is ${sha256(text)}, the manifest says another`,
      hint: again,
    });
  });

  it.each([
    ["gone", "gone: there is no version gone"],
    [null, "gone: there is no version of it"],
  ])("is gone, as the version %s", async (versionId, message) => {
    const uri = forge(csv(names.join(), row), { versionId, key: "out/none.csv" });
    expect(uri).toContain("out/bank-1");
    expect(await failed()).toMatchObject({
      name: "VerificationError",
      message: `s3://extracts/out/none.csv is ${message}`,
      hint: again,
    });
  });

  it("lacks a column that must have values, and has one that the dataset does not know", async () => {
    const columns = [...names.filter((name) => name !== "loan_id"), "colour"];
    const uri = forge(csv(columns.join()), undefined, columns);
    expect(await failed()).toMatchObject({
      name: "DefinitionError",
      message: `${uri} does not have the columns of the dataset loan_detail: loan_id is missing; colour is not a column of the dataset`,
      hint: "Add new columns of the extract to the dataset, nullable and at its end.",
    });
  });

  it("has other totals", async () => {
    const text = csv(names.join(), row, row);
    forge(text, { sha256: sha256(text), loanTotal: "7" });
    expect(await failed()).toMatchObject({
      name: "ReconciliationError",
      message: expect.stringMatching(
        /^s3:\/\/lake-first\/analytics-ready\/.*\.parquet: rowCount is 2, the manifest says 1; loanCount is 2, the manifest says 1; loanTotal is 10, the manifest says 7$/,
      ) as string,
      hint: "Compare the dataset's columns and totals with its source. No query sees the file.",
    });
  });

  it("may lack a column that need not have values, and have its columns in another order", async () => {
    const columns = ["loan_date", ...names.filter((name) => !["branch_address", "loan_date"].includes(name))];
    const text = csv(columns.join(), "2026-09-01,1,Bank,1,1,1,11,5");
    forge(text, { sha256: sha256(text) }, columns);
    expect(await bring()).toMatchObject({ status: "published", objects: [{ rowCount: 1 }] });
  });
});

describe("a manifest", () => {
  const read = () => readPublishedMonth(world.extracts, manifest, loanDetail, month);

  it("of a month that is not published is none", async () => {
    expect(await read()).toBeUndefined();
  });

  it("is read with the control totals of its files", async () => {
    publish();
    expect((await read())?.files.map(({ bankId, loanTotal }) => [bankId, loanTotal])).toEqual([
      [1, "5"],
      [2, "7"],
    ]);
  });

  it.each([{ extract: "loan_moving_average" }, { month: "2026-08" }])("of %j is refused", async (change) => {
    publish({ change });
    expect(await failureOf(read())).toMatchObject({
      name: "StorageError",
      message: `the manifest ${manifest} can't be read: it is not of loan_detail and 2026-09`,
    });
  });

  it("makes a month one that is published; other keys don't", async () => {
    const folder = "out/loan_detail/_manifests/";
    const keys = ["2025/12.json", "2026/09.json", "2026/10.json.old", "2026/1.json", "a/2026/08.json", "x"];
    for (const key of keys) world.extracts.write(folder + key, "{}");
    world.extracts.write("out/_manifests/2026/07.json", "{}");
    expect(await publishedMonths(world.extracts, "out/", loanDetail)).toEqual(["2025-12", "2026-09"]);
  });
});
