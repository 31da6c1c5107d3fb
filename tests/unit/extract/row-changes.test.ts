/** What differs between a published file and today's rows, told from two streams. */
import { definitions } from "../../../src/extract/definitions";
import { columnNames } from "../../../src/extract/definition";
import { compareRows, type ContentComparison } from "../../../src/extract/file-comparison";
import type { RowChange } from "../../../src/extract/row-comparison";
import type { Row } from "../../../src/platform/database/row-stream";

const [averages, detail] = definitions;
if (averages === undefined || detail === undefined) throw new Error("two extracts are expected");
const columns = columnNames(averages);

/** A branch's row; the figures are those that a test changes. */
function branch(id: number, figures: Readonly<Record<string, string | null>> = {}): Row {
  const row: Record<string, string | null> = {
    ...{ bank_id: "1", bank_name: "First", branch_id: String(id), branch_address: `${id} Main St` },
    ...{ month: "2026-09", loan_count: "2", loan_total: "300", loan_average: "150.00" },
    ...{ loan_count_3m: "6", moving_average_3m: "150.00", monthly_total_average_3m: "300.00", ...figures },
  };
  return columns.map((name) => row[name] ?? null);
}

async function* batchesOf(rows: readonly Row[], size = 2): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += size) yield await Promise.resolve(rows.slice(at, at + size));
}

async function compare(
  published: readonly Row[],
  now: readonly Row[],
  header: Row = columns,
): Promise<{ found: ContentComparison; changes: RowChange[] }> {
  const changes: RowChange[] = [];
  const found = await compareRows(
    averages ?? never(),
    batchesOf([header, ...published]),
    batchesOf(now),
    (change) => changes.push(change),
  );
  return { found, changes };
}

function never(): never {
  throw new Error("there are two extracts");
}

const nothing = { month: 0, window: 0, added: 0, removed: 0 };

it("rows are found again by their key, as a number, and told by the columns that differ", async () => {
  const { found, changes } = await compare(
    [branch(2), branch(9), branch(10), branch(11)],
    [branch(2), branch(9, { loan_total: "1300", loan_average: "650.00" }), branch(11), branch(12)],
  );
  expect(found).toEqual({ rows: { month: 1, window: 0, added: 1, removed: 1 } });
  expect(changes).toMatchObject([
    {
      ...{ kind: "month", key: { branch_id: "9" }, size: 100_000n },
      columns: [
        { column: "loan_total", published: "300", now: "1300" },
        { column: "loan_average", published: "150.00", now: "650.00" },
      ],
    },
    { kind: "removed", key: { branch_id: "10" } },
    { kind: "added", key: { branch_id: "12" } },
  ]);
  expect(changes[1]?.columns).toContainEqual({ column: "loan_total", published: "300", now: null });
  expect(changes[1]?.columns.map(({ column }) => column)).not.toContain("branch_address");
});

it("a change of the window alone is told apart, and so are no value and an empty text", async () => {
  const { found, changes } = await compare(
    [branch(1), branch(2, { branch_address: null })],
    [branch(1, { loan_count_3m: "7" }), branch(2, { branch_address: "" })],
  );
  expect(found).toEqual({ rows: { ...nothing, month: 1, window: 1 } });
  expect(changes[0]).toMatchObject({ kind: "window", size: 100n });
  expect(changes[1]?.columns).toEqual([{ column: "branch_address", published: null, now: "" }]);
});

it("the same rows in another order are told as such, and rows that also differ are not told one by one", async () => {
  const sorted = [branch(1), branch(2), branch(3)];
  expect((await compare([...sorted].reverse(), sorted)).found).toEqual({ rows: nothing, order: "differs" });
  const other = [branch(3), branch(2), branch(1, { loan_total: "1" })];
  expect((await compare(other, sorted)).found).toEqual({ rows: nothing, order: "differs, as do the rows" });
});

it("other columns are named, and the columns that both have are compared", async () => {
  const older = columns.slice(0, -1);
  const cut = (row: Row) => row.slice(0, -1);
  const { found, changes } = await compare(
    [cut(branch(1)), cut(branch(2))],
    [branch(1), branch(2, { loan_count: "3" })],
    older,
  );
  expect(found).toEqual({ rows: { ...nothing, month: 1 }, columns: { published: older, now: columns } });
  expect(changes).toHaveLength(1);
});

it("a column that the published file lacks between two others shifts no figure", async () => {
  const at = columns.indexOf("loan_count");
  const without = (row: Row) => row.toSpliced(at, 1);
  const { found, changes } = await compare(
    [without(branch(1)), without(branch(2))],
    [branch(1), branch(2, { loan_total: "301" })],
    without(columns),
  );
  expect(found.rows).toEqual({ ...nothing, month: 1 });
  expect(changes[0]?.columns).toEqual([{ column: "loan_total", published: "300", now: "301" }]);
});

it("rows of several key columns are matched by all of them", async () => {
  const loan = (branchId: string, id: string, amount: string): Row => [
    "1",
    "First",
    branchId,
    "x",
    "5",
    "5",
    id,
    "2026-09-01",
    amount,
  ];
  const changes: RowChange[] = [];
  const header = columnNames(detail);
  const { rows } = await compareRows(
    detail,
    batchesOf([header, loan("1", "9", "10"), loan("1", "10", "10"), loan("2", "1", "10")]),
    batchesOf([loan("1", "9", "10"), loan("1", "10", "20"), loan("2", "1", "10")]),
    (change) => changes.push(change),
  );
  expect(rows).toEqual({ ...nothing, month: 1 });
  expect(changes[0]).toMatchObject({ key: { branch_id: "1", loan_id: "10" }, size: 10n });
});

it("both streams are read side by side, so memory does not grow with the rows", async () => {
  const batchCount = 200;
  const read = { published: 0, now: 0 };
  let apart = 0;
  async function* side(name: keyof typeof read): AsyncGenerator<readonly Row[]> {
    if (name === "published") yield [columns];
    for (let batch = 0; batch < batchCount; batch += 1) {
      read[name] += 1;
      apart = Math.max(apart, Math.abs(read.published - read.now));
      yield await Promise.resolve(
        Array.from({ length: 10 }, (_, at) => branch(10 * batch + at, { loan_total: `${name.length}` })),
      );
    }
  }
  const { rows } = await compareRows(averages, side("published"), side("now"), () => undefined);
  expect(rows.month).toBe(10 * batchCount);
  expect(apart).toBeLessThanOrEqual(1);
});

it("an error in today's rows ends the reading of the published file", async () => {
  let isEnded = false;
  async function* published(): AsyncGenerator<readonly Row[]> {
    try {
      yield await Promise.resolve([columns]);
      for (let id = 1; ; id += 1) yield await Promise.resolve([branch(id)]);
    } finally {
      isEnded = true;
    }
  }
  async function* now(): AsyncGenerator<readonly Row[]> {
    yield await Promise.resolve([branch(1)]);
    throw new Error("the connection is gone");
  }
  const comparison = compareRows(averages, published(), now(), () => undefined);
  await expect(comparison).rejects.toThrow("the connection is gone");
  expect(isEnded).toBe(true);
});

it("a published file without a header has no rows", async () => {
  async function* nothingAtAll(): AsyncGenerator<readonly Row[]> {
    // It is empty.
  }
  const found = await compareRows(averages, nothingAtAll(), batchesOf([branch(1)]), () => undefined);
  expect(found).toEqual({ rows: { ...nothing, added: 1 } });
});
