/** The report's figures, checked against figures that are computed in another way: from the tables, loan by loan. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { formatHundredths } from "../../../report/decimal";
import { type Figures, readFigures } from "../../../report/figures";
import { openForReading } from "../../../src/lake/run";
import { addMonths, type Month } from "../../../src/platform/month";
import { commandLine } from "../../support/command-line";
import { HOSTILE_NAME, publishEventfulYear, RANGE } from "../../support/eventful-year";
import { readTables, type Tables } from "../../support/figures";
import { LakeWorld } from "../../support/lake-world";
import { World } from "../../support/world";

function figuresOf(world: World, input: unknown): Promise<Figures> {
  return world.published(input, (published) =>
    readFigures(published, new Date("2026-11-21"), () => undefined),
  );
}

const twoDecimals = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

type Branches = Tables["branches"];

/** The average amount of these branches' individual loans of three months; undefined without loans. */
function averageOf(branches: Branches, month: string): number | undefined {
  const window = [0, -1, -2].map((back) => String(addMonths(month as Month, back)));
  const amounts = branches
    .flatMap(({ loans }) => loans)
    .filter((loan) => window.includes(loan.month))
    .flatMap(({ amount }) => (amount === null ? [] : [Number(amount)]));
  if (amounts.length === 0) return undefined;
  return amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length;
}

describe("the figures of months that were never restated", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create("seeded");
    await world.sql("update loans set amount = null where idloan % 17 = 0");
    await world.run({ from: "2026-06", to: "2026-09" });
    await world.run({ month: "2026-09", extract: "loan_detail" });
  });
  afterAll(() => world.close());

  it("include each bank's average over its individual loans, even for months and loans without an amount", async () => {
    const tables = await readTables(world);
    const { banks, problems, restatements, fileCount } = await figuresOf(world, {
      from: "2026-06",
      to: "2026-09",
    });
    expect({ problems, restatements, fileCount }).toEqual({ problems: [], restatements: [], fileCount: 16 });
    expect(banks.map(({ id }) => id)).toEqual(tables.banks.map(({ id }) => id));
    for (const { id, points } of banks) {
      expect(points.map(({ month }) => month)).toEqual(["2026-06", "2026-07", "2026-08", "2026-09"]);
      for (const { month, average } of points) {
        const reported = average === undefined ? undefined : formatHundredths(average);
        const expected = averageOf(
          tables.branches.filter(({ bankId }) => bankId === id),
          month,
        );
        expect([id, month, reported]).toEqual([id, month, expected?.toLocaleString("en", twoDecimals)]);
      }
    }
    expect(banks.filter(({ points }) => points[0]?.average !== undefined)).toHaveLength(3);
  });

  it("include the branches with the largest changes, the largest first", async () => {
    const { movers = [], ends } = await figuresOf(world, { from: "2026-06", to: "2026-09" });
    expect(ends).toEqual(["2026-06", "2026-09"]);
    expect(movers).toHaveLength(10);
    const { branches } = await readTables(world);
    const changes = branches.flatMap((branch) => {
      const [before, after] = ["2026-06", "2026-09"].map((month) => averageOf([branch], month));
      return before === undefined || after === undefined
        ? []
        : [[branch.id, (after - before) / before] as const];
    });
    changes.sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
    expect(movers.map(({ branchId }) => Number(branchId))).toEqual(changes.slice(0, 10).map(([id]) => id));
    for (const [index, mover] of movers.entries()) {
      expect(Number(mover.changePerMille) / 1000).toBeCloseTo(changes[index]?.[1] ?? 0, 3);
    }
  });

  it("begin with the newest month, beside the month and the year before, also where these are not in the range", async () => {
    await world.run({ month: "2025-09" });
    const { overview, remarks } = await figuresOf(world, { month: "2026-09" });
    const tables = await readTables(world);
    const amounts = (bankId: number | undefined, month: string) =>
      tables.branches
        .filter((branch) => bankId === undefined || branch.bankId === bankId)
        .flatMap(({ loans }) => loans)
        .filter((loan) => loan.month === month);
    for (const line of [overview?.all, ...(overview?.banks ?? [])]) {
      if (line === undefined) throw new Error("no overview");
      for (const point of [line.now, line.monthBefore, line.yearBefore]) {
        const loans = amounts(line.id, point.month);
        const total = loans.reduce((sum, { amount }) => sum + Number(amount ?? 0), 0);
        expect([line.id, point.month, point.loans, point.amount]).toEqual([
          ...[line.id, point.month],
          ...[BigInt(loans.length), BigInt(total)],
        ]);
      }
    }
    expect(overview?.banks).toHaveLength(tables.banks.length);
    const average = averageOf(tables.branches, "2026-09")?.toLocaleString("en", twoDecimals);
    expect(formatHundredths(overview?.all.now.average ?? 0n)).toBe(average);
    expect(overview?.yearBefore).toBe("2025-09");
    // The rule has two months: 15 % is its limit.
    expect(remarks.every(({ month, usual }) => month === "2026-09" && usual === undefined)).toBe(true);
    expect(remarks.length).toBeGreaterThan(0);
  });

  it("compare branches from the first month with loans, even if the range begins with a month without any", async () => {
    await world.run({ from: "2023-07", to: "2023-10", allowEmpty: true });
    const { ends, movers } = await figuresOf(world, { from: "2023-07", to: "2023-10" });
    expect(ends).toEqual(["2023-09", "2023-10"]);
    expect(movers?.length).toBeGreaterThan(0);
  });

  it("of an extract without averages include everything else", async () => {
    const figures = await figuresOf(world, { from: "2026-08", to: "2026-09", extract: "loan_detail" });
    expect(figures).toMatchObject({
      extract: "loan_detail",
      hasAverages: false,
      movers: undefined,
      problems: [
        {
          what: "2026-08 is not published.",
          command: "npx bank-batch extract --extract loan_detail --month 2026-08",
        },
      ],
      fileCount: 4,
    });
    expect(figures.months.map(({ status }) => status)).toEqual(["missing", "published"]);
    expect(figures.location).toBe("s3://extracts/loan_detail/");
  });
});

describe("the figures of the lake", () => {
  let lakeWorld: LakeWorld;
  beforeAll(async () => {
    lakeWorld = await LakeWorld.create("seeded");
  });
  afterAll(() => lakeWorld.close());

  it("show which revision of each month the lake has, and what it lacks", async () => {
    const { world } = lakeWorld;
    await world.run({ from: "2026-06", to: "2026-08" });
    await lakeWorld.run({ from: "2026-06", to: "2026-07", dataset: "loan_moving_average" });
    await world.sql("update loans set amount = amount + 1 where loan_date = '2026-07-10'");
    await world.run({ month: "2026-07", restate: true });
    const { lake, problems } = await lakeWorld.inTime({}, async (edge) => {
      const opened = await openForReading(edge);
      return world.published({ from: "2026-05", to: "2026-08" }, (published) =>
        readFigures(published, new Date("2026-11-21"), () => undefined, { lake: opened }),
      );
    });
    expect(
      lake?.months.map(({ month, status, published, revision }) => [month, status, published, revision]),
    ).toEqual([
      ["2026-05", "unpublished", undefined, undefined],
      ["2026-06", "current", 1, 1],
      ["2026-07", "outdated", 2, 1],
      ["2026-08", "missing", 1, undefined],
    ]);
    expect(lake?.months[1]).toMatchObject({ fileCount: 4, rowCount: 60 });
    expect(problems.filter(({ command }) => command?.includes("bank-batch lake"))).toEqual([
      {
        what: "2026-07 is in the lake as revision 1, but is published as revision 2.",
        command: "npx bank-batch lake --dataset loan_moving_average --month 2026-07",
      },
      {
        what: "2026-08 is published, but is not in the lake.",
        command: "npx bank-batch lake --dataset loan_moving_average --month 2026-08",
      },
    ]);
  });
});

describe("the figures of an eventful year", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create("seeded");
    await publishEventfulYear(world);
  }, 60_000);
  afterAll(() => world.close());

  it("show what a restatement changed, and which versions can no longer be compared", async () => {
    const { restatements } = await figuresOf(world, RANGE);
    expect(restatements.map(({ month, revision, replaced }) => [month, revision, replaced.revision])).toEqual(
      [
        ["2026-01", 2, 1],
        ["2026-06", 2, 1],
      ],
    );
    const [january, june] = restatements;
    expect(january?.files).toMatchObject([
      { bankName: "First National", what: "gone", revision: 1 },
      { bankName: "Crédit d'Été", what: "changed" },
      { bankName: HOSTILE_NAME, what: "added" },
      { bankName: "Paper Bank", what: "same bytes" },
      { bankName: "SmithJonesSöhne/2026/01/SmithJonesSöhne_20260131.csv", what: "dropped" },
    ]);

    const changed = await world.sql<{ bank: number; loans: string; branches: string }>(
      `select bank_idbank as bank, count(*) as loans, count(distinct idbranch) as branches
       from loans
       join account on idaccount = account_idaccount
       join client on idclient = client_idclient
       join branch on idbranch = branch_idbranch
       where loan_date = '2026-06-10' group by 1 order by 1`,
    );
    expect(changed).toHaveLength(3);
    for (const [index, { loans, branches }] of changed.entries()) {
      const file = june?.files[index];
      if (file?.what !== "changed") throw new Error(`${String(index)}: ${JSON.stringify(file?.what)}`);
      expect(file.after.loanTotal - file.before.loanTotal).toBe(500n * BigInt(loans));
      expect(file.after.loanCount).toBe(file.before.loanCount);
      expect(file.branches).toMatchObject({ added: [], dropped: [] });
      expect(file.branches?.changed).toHaveLength(Number(branches));
    }
  });

  it("name the windows that a later restatement made stale, and a file that was overwritten", async () => {
    const { problems, months, fileCount } = await figuresOf(world, RANGE);
    expect(problems.map(({ what }) => what)).toEqual([
      "2026-03 is not published.",
      "FirstNational/2026/08/FirstNational_20260831.csv: the key no longer holds the published version",
      ...["2026-02", "2026-07", "2026-08"].map(
        (month) =>
          expect.stringMatching(`^${month}: its averages do not match the loans in the files from`) as string,
      ),
    ]);
    expect(problems[2]?.details).toHaveLength(3);
    expect(problems.map(({ command }) => command)).toEqual([
      "npx bank-batch extract --month 2026-03",
      "npx bank-batch extract --month 2026-08",
      ...["2026-02", "2026-07", "2026-08"].map(
        (month) => `npx bank-batch extract --month ${month} --restate --reason "…"`,
      ),
    ]);
    // With September of the year before, which the newest month is compared with.
    expect(fileCount).toBe(48);
    expect(months.find(({ month }) => month === "2026-08")?.files[0]?.status).toBe("unverified");
  });

  it("leave out a file that does not match its manifest", async () => {
    const manifest = await world.manifest("2026-05");
    const [file] = manifest.files;
    if (file === undefined) throw new Error("no file");
    const text = await world.read(file.key, file.versionId);
    const versionId = await world.put(file.key, text.replace(/\d(?=\n)/, "x"));
    const files = [{ ...file, versionId }, ...manifest.files.slice(1)];
    await world.put("_manifests/2026/05.json", JSON.stringify({ ...manifest, files }));
    const { banks, problems, months } = await figuresOf(world, { month: "2026-05" });
    expect(problems.map(({ what }) => what)).toContain(
      `2026-05: ${file.key} does not match its manifest, so its figures are not in this report.`,
    );
    expect(banks.map(({ points }) => points[0]?.average === undefined)).toEqual([true, false, false, true]);
    expect(months[0]?.files[0]?.status).toBe("damaged");
  });

  it("are on one page that loads nothing from outside and escapes all text", async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), "report-"));
    const file = path.join(directory, "report.html");
    const flags = ["report", "--from", RANGE.from, "--to", RANGE.to, "--output", file];
    const { exitCode, stdout, stderr } = await commandLine(flags, world.environment);
    expect([exitCode, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(`${file}  made from 47 published files, 7 to look into, in `);
    const html = await readFile(file, "utf8");
    expect(await readdir(directory)).toEqual(["report.html"]);
    await rm(directory, { recursive: true });
    expect(html.match(/<(script|img|iframe|link rel="stylesheet")/g)).toBeNull();
    expect(html.includes("&lt;script>document.title=")).toBe(true);
    const ids = html.match(/ id="[^"]+"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    // The addresses of namespaces are only names; that of an image is part of a branch's address in the data.
    const addresses = new Set(html.match(/https?:\/\/[^"'\s<&)]+/g));
    expect([...addresses].filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([
      "http://127.0.0.1:9/x",
    ]);
    expect(html.match(/\burl\((?!#)|@import/g)).toBeNull();
    expect(html.length).toBeLessThan(300_000);
  });

  it("are not read if the page can't be written", async () => {
    const before = world.aws.requests.length;
    const { exitCode, stderr } = await commandLine(
      ["report", "--output", "/nowhere/report.html"],
      world.environment,
    );
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/^RequestError: can't write \/nowhere\/report\.html: .*\nTry: {3}Use --output/);
    expect(world.aws.requests.length).toBe(before);
  });
});
