/** What a run says of published months that would change, and of later months after a restatement. */
import type { Summary } from "../../../src/extract/extract";
import { WouldChangeError } from "../../../src/extract/refusal";
import { readStatuses } from "../../../src/extract/statuses";
import { commandLine } from "../../support/command-line";
import { NOW, type RunOptions, World } from "../../support/world";

let world: World;
let prefix: string;
/** The loan that the tests change: of September, with an amount. */
let loan: {
  readonly idloan: number;
  readonly amount: number;
  readonly account: number;
  readonly bank: string;
  readonly branch: number;
};

beforeAll(async () => {
  world = await World.create("seeded");
  const [found] = await world.sql<typeof loan>(
    `select idloan, amount, account_idaccount as account, bank.name as bank, branch_idbranch as branch
     from loans join account on idaccount = account_idaccount join client on idclient = client_idclient
       join branch on idbranch = branch_idbranch join bank on idbank = bank_idbank
     where loan_date between '2026-09-01' and '2026-09-30' and amount is not null order by idloan limit 1`,
  );
  if (found === undefined) throw new Error("the seed has no loan in September");
  loan = found;
});
afterAll(() => world.close());

function run(input: object, { environment = {}, ...options }: RunOptions = {}): Promise<Summary> {
  return world.run(input, { ...options, environment: { EXTRACT_PREFIX: prefix, ...environment } });
}

beforeEach(async () => {
  prefix = world.prefix();
  await run({ from: "2026-08", to: "2026-10" });
  await world.sql("update loans set amount = amount + 1000000 where idloan = $1", [loan.idloan]);
});
afterEach(() => world.sql("update loans set amount = $2 where idloan = $1", [loan.idloan, loan.amount]));

const difference = { published: expect.any(String) as string, now: expect.any(String) as string };

it("diff names bank, branch and columns, keeps month and window apart, and publishes nothing", async () => {
  const { months, dryRun } = await run({ from: "2026-08", to: "2026-10", diff: true });
  expect(dryRun).toBe(true);
  const [august, september, october] = months;
  expect([august?.status, august?.changes]).toEqual(["unchanged", undefined]);
  expect(september?.changes).toMatchObject({
    revision: 1,
    files: [{ bankName: loan.bank, rows: { month: 1, window: 0, added: 0, removed: 0 } }],
    largest: {
      month: [{ bankName: loan.bank, kind: "month", key: { branch_id: String(loan.branch) } }],
      window: [],
    },
  });
  const total = september?.changes?.largest.month[0]?.columns.find(({ column }) => column === "loan_total");
  expect(Number(total?.now) - Number(total?.published)).toBe(1_000_000);
  expect(october?.changes).toMatchObject({
    files: [{ bankName: loan.bank, rows: { month: 0, window: 1, added: 0, removed: 0 } }],
    largest: { month: [] },
  });
  expect(october?.changes?.largest.window[0]?.columns).toEqual([
    { column: "moving_average_3m", ...difference },
    { column: "monthly_total_average_3m", ...difference },
  ]);
  expect((await world.manifest("2026-09", prefix)).revision).toBe(1);
  const dry = await run({ from: "2026-08", to: "2026-10", restate: true, dryRun: true });
  expect(dry.months).toEqual(months);
});

it("a refusal has the same changes, for a month within a range too, and says so in its message", async () => {
  const error: unknown = await run({ from: "2026-08", to: "2026-10" }).catch((failure: unknown) => failure);
  if (!(error instanceof WouldChangeError)) throw error;
  expect(error.done).toEqual(["2026-08"]);
  expect(error.message).toMatch(
    /^2026-09 is published as revision 1 and would change: .* \(1 row changed\)$/,
  );
  expect(error.changes?.largest.month).toMatchObject([{ key: { branch_id: String(loan.branch) } }]);
});

it("a refusal stays a refusal if the published file can't be compared", async () => {
  const { files } = await world.manifest("2026-10", prefix);
  const file = files.find(({ bankName }) => bankName === loan.bank);
  const undo = world.aws.onRequest(({ operation, key }) =>
    operation === "GetObject" && key === file?.key
      ? { respond: { status: 403, code: "AccessDenied", message: "" } }
      : undefined,
  );
  try {
    await expect(run({ month: "2026-10" })).rejects.toThrow(
      /^2026-10 is published as revision 1 and would change: [^)]*\)[^)]*\)$/,
    );
  } finally {
    undo();
  }
});

it("another line ending is named as such", async () => {
  const crlf = { environment: { EXTRACT_LINE_ENDING: "crlf" } };
  const { months } = await run({ month: "2026-08", diff: true }, crlf);
  const forms = months[0]?.changes?.files.map(({ form, rows }) => [form, rows]);
  expect(new Set(forms?.map((each) => JSON.stringify(each)))).toEqual(
    new Set([JSON.stringify(["line ending", { month: 0, window: 0, added: 0, removed: 0 }])]),
  );
  await expect(run({ month: "2026-08" }, crlf)).rejects.toMatchObject({
    message: expect.stringMatching(
      / in all \(window: [^)]*\), before and now \(only the line ending: /,
    ) as string,
    hint: expect.stringMatching(
      /^The data is the same: set EXTRACT_LINE_ENDING to lf, as it was\. If/,
    ) as string,
  });
});

/** Puts content at the key of the August file of the first bank, and makes the manifest name it by its version. */
async function replacePublished(contentOf: (published: string) => string): Promise<string> {
  const manifest = await world.manifest("2026-08", prefix);
  const [file] = manifest.files;
  if (file === undefined) throw new Error("August has no file");
  const versionId = await world.put(file.key, contentOf(await world.read(file.key)));
  const files = manifest.files.map((each) => (each === file ? { ...file, versionId, sha256: "0" } : each));
  await world.put(`${prefix}_manifests/2026/08.json`, JSON.stringify({ ...manifest, files }));
  return file.key;
}

it("other quotes are named as such", async () => {
  await replacePublished((published) => published.replace(/^(\d+),/m, '"$1",'));
  const { months } = await run({ month: "2026-08", diff: true });
  expect(months[0]?.changes?.files).toMatchObject([
    { form: "quotes", rows: { month: 0, window: 0, added: 0, removed: 0 } },
  ]);
});

it("a published file that is gone, or is no CSV file, is named with the problem", async () => {
  const problems = async () => {
    const { months } = await run({ month: "2026-08", diff: true });
    return months[0]?.changes?.files.map(({ problem }) => problem);
  };
  const key = await replacePublished((published) => `${published}"never closed`);
  expect(await problems()).toEqual([expect.stringMatching(new RegExp(`^${key} is not a CSV file: `))]);
  const [file] = (await world.manifest("2026-08", prefix)).files;
  await world.remove(key, file?.versionId);
  expect(await problems()).toEqual([`${key} is gone: there is no version ${file?.versionId ?? ""}`]);
});

it("a month that was withdrawn is none of the later months", async () => {
  const environment = { EXTRACT_PREFIX: prefix };
  await world.withdraw({ month: "2026-10", by: "a.person", reason: "test" }, { environment });
  expect((await run({ month: "2026-09", restate: true })).laterMonths).toBeUndefined();
});

it("a restatement names the published months whose windows contain it, and none that the run has done", async () => {
  const restate = { restate: true, reason: "late" };
  const dry = await run({ month: "2026-08", restate: true, dryRun: true });
  expect(dry.laterMonths).toBeUndefined();
  expect((await run({ month: "2026-09", ...restate })).laterMonths).toEqual(["2026-10"]);
  expect(await staleMonths()).toEqual(["2026-10"]);
  expect((await run({ from: "2026-09", to: "2026-10", ...restate })).laterMonths).toBeUndefined();
  expect(await staleMonths()).toEqual([]);
});

it("a refusal at a terminal has the ten largest changes of branches, with old and new, and says how to allow them", async () => {
  // One loan of each branch, each by another amount; the loan that all tests change is the largest.
  const inEachBranch = `
    from (select min(idloan) as idloan, branch_idbranch as branch
          from loans join account on idaccount = account_idaccount join client on idclient = client_idclient
          where loan_date between '2026-09-01' and '2026-09-30' and amount is not null group by 2) as chosen
    where loans.idloan = chosen.idloan`;
  const totals = () =>
    world.sql<{ bank: string; branch: number; total: string }>(
      `select bank.name as bank, idbranch as branch, sum(amount)::varchar as total
       from loans join account on idaccount = account_idaccount join client on idclient = client_idclient
         join branch on idbranch = branch_idbranch join bank on idbank = bank_idbank
       where loan_date between '2026-09-01' and '2026-09-30' group by 1, 2 order by 2`,
    );
  const now = await totals();
  await world.sql(
    `update loans set amount = amount - branch - case branch when ${loan.branch} then 1000000 else 0 end ${inEachBranch}`,
  );
  const before = await totals();
  await run({ month: "2026-09", restate: true });
  await world.sql(
    `update loans set amount = amount + branch + case branch when ${loan.branch} then 1000000 else 0 end ${inEachBranch}`,
  );

  const changes = now.flatMap(({ bank, branch, total }, at) => {
    const published = before[at]?.total ?? "";
    const size = Number(total) - Number(published);
    return size === 0
      ? []
      : [{ size, line: `    ${bank}, branch_id ${branch}: loan_total ${published} → ${total}, ` }];
  });
  expect(changes.length).toBeGreaterThan(10);
  changes.sort((one, other) => other.size - one.size);
  const { exitCode, stdout, stderr } = await commandLine(["extract", "--month", "2026-09"], {
    ...world.environment,
    EXTRACT_PREFIX: prefix,
  });
  expect(exitCode).toBe(1);
  const lines = stdout.split("\n");
  const title = lines.indexOf("  The largest changes of the month itself:");
  expect(lines[0]).toBe("2026-09  revision 2 would change:");
  expect(lines.slice(title + 1, -1).map((line, at) => line.startsWith(changes[at]?.line ?? " "))).toEqual(
    Array(10).fill(true),
  );
  expect(stderr).toContain("AlreadyPublishedError: 2026-09 is published as revision 2 and would change: ");
  expect(stderr).toContain("Try:   If the change is intended, restate the month: --month 2026-09 --restate");
});

it("status finds months stale if a restatement moved loans between banks, which leaves the total of all", async () => {
  await run({ from: "2026-08", to: "2026-10", restate: true });
  await world.sql(
    `update loans set account_idaccount = (
       select min(idaccount) from account join client on idclient = client_idclient
         join branch on idbranch = branch_idbranch join bank on idbank = bank_idbank where bank.name <> $2)
     where idloan = $1`,
    [loan.idloan, loan.bank],
  );
  try {
    const later = { now: new Date(NOW.getTime() + 1000) };
    const { laterMonths } = await run({ month: "2026-09", restate: true }, later);
    expect([laterMonths, await staleMonths()]).toEqual([["2026-10"], ["2026-10"]]);
  } finally {
    await world.sql("update loans set account_idaccount = $2 where idloan = $1", [loan.idloan, loan.account]);
  }
});

it("a restatement has succeeded although the later months can't be read", async () => {
  const undo = world.aws.onRequest(({ operation, key }) =>
    operation === "GetObject" && key?.endsWith("_manifests/2026/10.json") === true
      ? { respond: { status: 403, code: "AccessDenied", message: "no" } }
      : undefined,
  );
  try {
    const { months, laterMonths } = await run({ month: "2026-09", restate: true, reason: "late" });
    expect([months[0]?.status, laterMonths]).toEqual(["restated", undefined]);
  } finally {
    undo();
  }
});

/** As `status` finds them, by the manifests alone. */
function staleMonths(): Promise<string[]> {
  return world.published(
    { from: "2026-10", to: "2026-10" },
    async (published) => {
      const statuses = await readStatuses(published, false, () => undefined);
      return statuses.flatMap(({ month, stale }) => (stale === true ? [month] : []));
    },
    { environment: { EXTRACT_PREFIX: prefix } },
  );
}
