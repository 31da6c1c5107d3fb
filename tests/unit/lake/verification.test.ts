/** What the lake says of itself: whether a month is as it should be, where a file comes from, and which files there are. */
import { loanDetail } from "../../../src/lake/datasets/loan-detail";
import { bringMonth } from "../../../src/lake/lake-month";
import { listedFiles } from "../../../src/lake/listing";
import { parseUri } from "../../../src/lake/keys";
import { expectOrigin, originLines, originOf } from "../../../src/lake/origin";
import { refineFile } from "../../../src/lake/refine/raw-file";
import { expectLakeVerified, verifyFile, verifyLakeMonth } from "../../../src/lake/verification";
import { version } from "../../../package.json";
import { StorageError } from "../../../src/platform/errors";
import type { Month } from "../../../src/platform/month";
import { failureOf, first, LakeInMemory, loanOf, second, sha256 } from "../../support/lake-in-memory";

const month = "2026-09" as Month;
const list = "tables/loan_detail/year=2026/month=09/symlink.txt";

let world: LakeInMemory;
beforeEach(() => (world = new LakeInMemory()));

const publish = (revision = 1, amount = 5) =>
  world.publish(loanDetail, month, { 1: [loanOf(1, 11, amount)], 2: [loanOf(2, 21, 7)] }, { revision });
const bring = () => bringMonth(world.lake, loanDetail, month, false);
const verify = () => verifyLakeMonth(world.lake, loanDetail, month);
const fileOf = async (tenant = first) => (await listedFiles(world.of(tenant)))[0] ?? { bucket: "", key: "" };
const found = { dataset: "loan_detail", month };

describe("a published month is verified", () => {
  it("as unpublished, missing, there, outdated and withdrawn", async () => {
    expect(await verify()).toEqual({ ...found, status: "unpublished", problems: [] });
    publish();
    expect(await verify()).toEqual({
      ...{ ...found, status: "missing" },
      problems: ["the lake does not have loan_detail of 2026-09, which is published"],
    });
    await bring();
    expect(await verify()).toEqual({ ...found, status: "verified", revision: 1, problems: [] });
    world.publish(loanDetail, month, {}, { revision: 2 });
    expect(await verify()).toEqual({
      ...{ ...found, status: "outdated", revision: 1 },
      problems: ["the lake has revision 1 of loan_detail 2026-09, published is 2"],
    });
    await bring();
    expect(await verify()).toEqual({ ...found, status: "withdrawn", revision: 2, problems: [] });
  });

  it("as outdated if nothing is published any more", async () => {
    publish();
    await bring();
    world.extracts.erase("out/loan_detail/_manifests/2026/09.json");
    expect(await verify()).toMatchObject({
      ...{ status: "outdated", revision: 1 },
      problems: ["the lake has revision 1 of loan_detail 2026-09, published is none"],
    });
  });

  it("as damaged if a list does not name what is recorded", async () => {
    publish();
    await bring();
    world.of(first).erase(list);
    world.of(second).write(list, `${world.of(second).text(list) ?? ""}s3://another/file\n`);
    expect(await verify()).toEqual({
      ...{ ...found, status: "damaged", revision: 1 },
      problems: ["first", "second"].map(
        (id) => `s3://lake-${id}/${list} does not name the files of the month's record`,
      ),
    });
  });

  it("as damaged if a file is gone, or has other bytes", async () => {
    publish();
    await bring();
    const [one, two] = [await fileOf(first), await fileOf(second)];
    world.of(first).erase(one.key);
    world.of(second).write(two.key, "by hand");
    expect(await verify()).toMatchObject({
      status: "damaged",
      problems: [
        `s3://lake-first/${one.key} is gone`,
        `s3://lake-second/${two.key} has the SHA-256 ${sha256("by hand")}, which the lineage does not know`,
      ],
    });
  });

  it("as damaged if what is published under this revision is another file", async () => {
    publish();
    await bring();
    const [one, two] = [await fileOf(first), await fileOf(second)];
    publish(1, 6);
    expect((await verify()).problems).toEqual([
      `s3://lake-first/${one.key} is not made of the file that is published`,
    ]);
    world.publish(loanDetail, month, {});
    expect((await verify()).problems).toEqual([
      `s3://lake-first/${one.key} is not made of the file that is published`,
      `s3://lake-second/${two.key} is not made of the file that is published`,
    ]);
  });
});

describe("a file is compared with its record", () => {
  const recordedFile = async () => {
    publish();
    await bring();
    const { key } = await fileOf();
    const [item] = await world.lake.lineage.find("lake-first", key);
    if (item === undefined) throw new Error("there is no record");
    return { key, item };
  };

  it("by its rows and every total", async () => {
    const { key, item } = await recordedFile();
    const wrong = { ...item, rowCount: 2, totals: { loanCount: "1", loanTotal: "6" } };
    expect(await verifyFile(loanDetail, world.of(first), key, [item])).toEqual([]);
    expect(await verifyFile(loanDetail, world.of(first), key, [wrong])).toEqual([
      `s3://lake-first/${key}: rowCount is 1, the lineage says 2`,
      `s3://lake-first/${key}: loanTotal is 5, the lineage says 6`,
    ]);
  });

  it("and may not be the Parquet file that it should be", async () => {
    const { key, item } = await recordedFile();
    world.of(first).write(key, "by hand");
    const known = { ...item, object: { ...item.object, sha256: sha256("by hand") } };
    expect(await verifyFile(loanDetail, world.of(first), key, [item, known])).toEqual([
      expect.stringMatching(new RegExp(`^s3://lake-first/${key} is not the Parquet file that was written: `)),
    ]);
  });

  it("and goes while it is read", async () => {
    const { key, item } = await recordedFile();
    let isGone = "open";
    world.of(first).before = (operation) => {
      if (operation === isGone) world.of(first).erase(key);
    };
    expect(await verifyFile(loanDetail, world.of(first), key, [item])).toEqual([
      `s3://lake-first/${key} is gone`,
    ]);
    await bring();
    isGone = "range";
    expect(await verifyFile(loanDetail, world.of(first), key, [item])).toEqual([
      `s3://lake-first/${key} is not the Parquet file that was written: it is gone`,
    ]);
  });

  it("and what S3 does not hand out is not taken for a wrong one", async () => {
    const { key, item } = await recordedFile();
    const broken = new StorageError("no", { retry: true, hint: "" });
    world.of(first).before = (operation) => {
      if (operation === "range") throw broken;
    };
    expect(await failureOf(verifyFile(loanDetail, world.of(first), key, [item]))).toBe(broken);
  });
});

it("months with problems are one error, which says what to do", () => {
  const fine = { ...found, status: "verified" as const, problems: [] };
  expect(() => {
    expectLakeVerified([fine]);
  }).not.toThrow();
  const wrong = { ...found, status: "damaged" as const, problems: ["a is gone", "b is gone"] };
  let thrown: unknown;
  try {
    expectLakeVerified([fine, wrong, wrong]);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    name: "VerificationError",
    message: "a is gone; b is gone; a is gone; b is gone",
    hint: "Bring the month into the lake again: npx bank-batch lake --month <month> --remake, or refine FILE --again for a tenant's own file.",
  });
});

describe("the origin of a file", () => {
  const uriOf = async (tenant = first) => {
    const { bucket, key } = await fileOf(tenant);
    return { key, uri: `s3://${bucket}/${key}` };
  };

  it("is found by its URI, and by its key in any tenant's bucket", async () => {
    const { files } = publish();
    await bring();
    for (const tenant of [first, second]) {
      const { key, uri } = await uriOf(tenant);
      for (const address of [key, uri]) {
        const { contents } = await originOf(world.lake, address);
        expect(contents).toMatchObject([
          {
            ...{ tenant: tenant.id, present: "as recorded", object: { key } },
            parents: [
              { bucket: "extracts", key: files[tenant.bankId - 1]?.key, present: "as recorded", parents: [] },
            ],
          },
        ]);
      }
    }
  });

  it.each(["analytics-ready/none.parquet", "s3://lake-first/none.parquet"])(
    "of %s is not known",
    async (address) => {
      expect(await failureOf(originOf(world.lake, address))).toMatchObject({
        name: "RequestError",
        message: `the lineage has no file ${address}`,
        hint: "Name a Parquet file below analytics-ready/, as s3://bucket/key or as a key. npx bank-batch lake lists them with --json.",
      });
    },
  );

  it("has every content that the key ever had, the latest first", async () => {
    publish();
    await bring();
    const { key, uri } = await uriOf();
    const [item] = await world.lake.lineage.find("lake-first", key);
    if (item === undefined) throw new Error("there is no record");
    const times = ["2026-10-06T00:00:00.000Z", "2026-10-04T00:00:00.000Z", "2026-10-07T00:00:00.000Z"];
    for (const recordedAt of times)
      await world.lake.lineage.record({
        ...item,
        recordedAt,
        object: { ...item.object, sha256: recordedAt },
      });
    const { contents } = await originOf(world.lake, uri);
    expect(contents.map(({ recordedAt, present }) => `${recordedAt} ${present}`)).toEqual([
      "2026-10-07T00:00:00.000Z other bytes",
      "2026-10-06T00:00:00.000Z other bytes",
      "2026-10-05T10:00:00.000Z as recorded",
      "2026-10-04T00:00:00.000Z other bytes",
    ]);
    expect(() => {
      expectOrigin({ contents });
    }).toThrow(`${uri}: other bytes`);
    expect(() => {
      expectOrigin({ contents: contents.slice(2) });
    }).not.toThrow();
    expect(() => {
      expectOrigin({ contents: [] });
    }).not.toThrow();
  });

  it("is an error that says what to do, if a source is gone", async () => {
    const { files } = publish();
    await bring();
    const { uri } = await uriOf();
    world.extracts.erase(files[0]?.key ?? "");
    world.of(first).erase((await fileOf()).key);
    const origin = await originOf(world.lake, uri);
    let thrown: unknown;
    try {
      expectOrigin(origin);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      name: "VerificationError",
      message: `${uri}: gone; s3://extracts/${files[0]?.key ?? ""}: gone`,
      hint: "An earlier revision's file is gone on purpose; otherwise bring the month into the lake again.",
    });
  });

  it("is shown as a tree, down to the statement and the snapshot", async () => {
    const { files } = publish();
    await bring();
    const { key, uri } = await uriOf();
    const [item] = await world.lake.lineage.find("lake-first", key);
    const lines = originLines(await originOf(world.lake, uri), (present) => `<${present}>`);
    expect(lines).toEqual([
      uri,
      `    SHA-256 ${item?.object.sha256 ?? ""}  <as recorded>`,
      "    loan_detail of 2026-09, tenant first: 1 rows, loanCount 1, loanTotal 5",
      `    made by bank-batch ${version}, run run-1, 2026-10-05T10:00:00.000Z`,
      `└── s3://extracts/${files[0]?.key ?? ""}  version extracts-1`,
      `        SHA-256 ${files[0]?.sha256 ?? ""}  <as recorded>`,
      "    └── s3://extracts/out/loan_detail/_manifests/2026/09.json  revision 1, 2026-10-02T03:00:00Z, run extract-1",
      "        └── statement loan-detail.sql",
      "                SHA-256 statement",
      "            └── database banks, PostgreSQL 16.1, snapshot 1:1:",
    ]);
  });

  it("of a tenant's own file is shown with the rows that were checked between", async () => {
    const text = "id,booked_on,amount,currency,description\n1,2026-09-01,1.50,EUR,\n";
    world.of(first).write("raw/transactions/a.csv", text);
    await refineFile(world.refining, first, "raw/transactions/a.csv");
    const { uri } = await uriOf();
    const origin = await originOf(world.lake, uri);
    const [parent] = origin.contents[0]?.parents ?? [];
    expect(originLines(origin, (present) => present).slice(4)).toEqual([
      `└── s3://lake-first/processed/transactions/year=2026/month=09/${sha256(text)}.ndjson  version lake-first-1`,
      `        SHA-256 ${parent?.sha256 ?? ""}  as recorded`,
      "    └── s3://lake-first/raw/transactions/a.csv  version lake-first-1",
      `            SHA-256 ${sha256(text)}  as recorded`,
    ]);
    const unversioned = { ...origin.contents[0], parents: [{ ...parent, versionId: null }] };
    const lines = originLines({ contents: [unversioned as (typeof origin.contents)[number]] }, () => "");
    expect(lines[4]).toMatch(/\.ndjson$/);
  });
});

it("the files of a bucket are those that its lists name", async () => {
  const bucket = world.of(first);
  bucket.write(list, "s3://lake-first/a\ns3://lake-first/b/c\nnot a URI\n\n");
  bucket.write("tables/loans/year=2025/month=12/symlink.txt", "s3://lake-first/d\n");
  for (const other of [
    "tables/loans/year=2025/month=12/symlink.txt.old",
    "tables/loans/year=2025/month=1/symlink.txt",
    "tables/loans/a/year=2025/month=12/symlink.txt",
    "tables/symlink.txt",
    "other/tables/loans/year=2025/month=12/symlink.txt",
  ])
    bucket.write(other, "s3://lake-first/x\n");
  expect(await listedFiles(bucket)).toEqual([
    { ...found, bucket: "lake-first", key: "a" },
    { ...found, bucket: "lake-first", key: "b/c" },
    { dataset: "loans", month: "2025-12", bucket: "lake-first", key: "d" },
  ]);
  bucket.before = (operation, key) => {
    if (operation === "read") bucket.erase(key);
  };
  expect(await listedFiles(bucket)).toEqual([]);
});

it.each([
  ["s3://bucket/key", { bucket: "bucket", key: "key" }],
  ["s3://bucket/folder/a b", { bucket: "bucket", key: "folder/a b" }],
  ["s3://bucket/", undefined],
  ["s3://bucket", undefined],
  ["s3:///key", undefined],
  ["a s3://bucket/key", undefined],
  ["s3://bucket/key\n", undefined],
  ["key", undefined],
])("the URI %j names an object, or none", (uri, expected) => {
  expect(parseUri(uri)).toEqual(expected);
});
