/** What would change in a month, bank by bank, from the published files and today's rows. */
import { columnNames } from "../../../src/extract/definition";
import { defaultExtract } from "../../../src/extract/definitions";
import { GroupedRows } from "../../../src/extract/grouped-rows";
import { type ComparedMonth, compareMonth } from "../../../src/extract/month-comparison";
import type { ObjectStore } from "../../../src/platform/bucket/object-store";
import type { Row } from "../../../src/platform/database/row-stream";
import type { Month } from "../../../src/platform/month";

const month = "2026-09" as Month;
const columns = columnNames(defaultExtract);

function branch(bank: number, id: number, loanTotal = "300", windowCount = "6"): Row {
  const row: Record<string, string> = {
    ...{ bank_id: String(bank), bank_name: `Bank ${bank}`, branch_id: String(id), branch_address: "x" },
    ...{ month: "2026-09", loan_count: "2", loan_total: loanTotal, loan_average: "150.00" },
    ...{ loan_count_3m: windowCount, moving_average_3m: "150.00", monthly_total_average_3m: "300.00" },
  };
  return columns.map((name) => row[name] ?? null);
}

const csv = (rows: readonly Row[], lineEnding = "\n", header: Row = columns) =>
  [header, ...rows].map((row) => row.join() + lineEnding).join("");

async function* piecesOf(pieces: readonly string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
}

async function* batchesOf(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  if (rows.length > 0) yield await Promise.resolve(rows);
}

/** Some banks' published files, in the pieces in which they are read, and today's rows. */
interface Case {
  /** By bank; a bank without one has none, one without pieces has lost its object. */
  readonly published: Readonly<Record<number, readonly string[] | undefined>>;
  readonly now: Readonly<Record<number, readonly Row[]>>;
  readonly lineEnding?: "\n" | "\r\n";
}

function compare({ published, now, lineEnding = "\n" }: Case) {
  const file = (bankId: number, sha256: string) => ({
    ...{ bankId, bankName: `Bank ${bankId}`, key: `${bankId}.csv`, versionId: "v1", sha256 },
  });
  const manifest = { revision: 3, files: Object.keys(published).map((id) => file(Number(id), "old")) };
  const files = Object.keys(now).map((id) => ({
    ...{ bank: { id: Number(id), name: `Bank ${id}` }, ...file(Number(id), "new") },
  }));
  const objects = {
    open: (key: string) => {
      const pieces = published[Number.parseInt(key, 10)];
      return Promise.resolve(pieces && piecesOf(pieces));
    },
  };
  return compareMonth(
    { definition: defaultExtract, month, manifest, files, lineEnding } as unknown as ComparedMonth,
    new GroupedRows(batchesOf(Object.values(now).flat())),
    objects as unknown as ObjectStore,
  );
}

const none = { month: 0, window: 0, added: 0, removed: 0 };

it("banks are compared each with its own rows, new and dropped ones too", async () => {
  const { revision, files } = await compare({
    published: { 1: [csv([branch(1, 1), branch(1, 2)])], 2: [csv([branch(2, 1)])] },
    now: { 1: [branch(1, 1), branch(1, 2, "301")], 3: [branch(3, 1), branch(3, 2)] },
  });
  expect(revision).toBe(3);
  expect(files).toEqual([
    { bankId: 1, bankName: "Bank 1", rows: { ...none, month: 1 } },
    { bankId: 3, bankName: "Bank 3", rows: { ...none, added: 2 } },
    { bankId: 2, bankName: "Bank 2", rows: { ...none, removed: 1 } },
  ]);
});

it("a published file that is gone is a problem, and the other banks are compared", async () => {
  const { files } = await compare({
    published: { 1: undefined, 2: [csv([branch(2, 1)])] },
    now: { 1: [branch(1, 1)], 2: [branch(2, 1, "1")] },
  });
  expect(files).toEqual([
    { bankId: 1, bankName: "Bank 1", problem: "1.csv is gone: there is no version v1" },
    { bankId: 2, bankName: "Bank 2", rows: { ...none, month: 1 } },
  ]);
});

it("a published file that is no CSV file is a problem", async () => {
  const { files } = await compare({ published: { 1: ['a,"b\n'] }, now: { 1: [branch(1, 1)] } });
  expect(files).toEqual([
    {
      bankId: 1,
      bankName: "Bank 1",
      problem: expect.stringMatching(/^1\.csv is not a CSV file: ./) as string,
    },
  ]);
});

it("rows that are the same differ in their quotes, or in the line ending, wherever the first line is cut", async () => {
  const rows = [branch(1, 1), branch(1, 2)];
  const formOf = async (lineEnding: "\n" | "\r\n", published: string, cutAt: number) => {
    const pieces = [published.slice(0, cutAt), published.slice(cutAt)];
    const { files } = await compare({ published: { 1: pieces }, now: { 1: rows }, lineEnding });
    expect(files).toMatchObject([{ rows: none }]);
    return files[0]?.form;
  };
  const end = columns.join().length;
  for (const cutAt of [1, end, end + 1, end + 2, end + 3]) {
    expect(await formOf("\n", csv(rows, "\r\n"), cutAt)).toBe("line ending");
    expect(await formOf("\r\n", csv(rows, "\r\n"), cutAt)).toBe("quotes");
    expect(await formOf("\r\n", csv(rows), cutAt)).toBe("line ending");
    expect(await formOf("\n", csv(rows), cutAt)).toBe("quotes");
  }
});

it("files whose columns or order differ are not said to differ in their form", async () => {
  const rows = [branch(1, 1), branch(1, 2)];
  const [columnsDiffer, orderDiffers] = await Promise.all([
    compare({
      published: {
        1: [
          csv(
            rows.map((row) => row.slice(0, -1)),
            "\n",
            columns.slice(0, -1),
          ),
        ],
      },
      now: { 1: rows },
    }),
    compare({ published: { 1: [csv([...rows].reverse())] }, now: { 1: rows } }),
  ]);
  expect(columnsDiffer.files).toEqual([
    { bankId: 1, bankName: "Bank 1", rows: none, columns: { published: columns.slice(0, -1), now: columns } },
  ]);
  expect(orderDiffers.files).toEqual([{ bankId: 1, bankName: "Bank 1", rows: none, order: "differs" }]);
});

it("the ten largest changes come first, of the month and of its window apart, whichever bank has them", async () => {
  const sizes = [3, 12, 1, 7, 10, 2, 11, 5, 9, 4, 8, 6];
  const ids = sizes.map((_, at) => at + 1);
  const before = (bank: number) => ids.map((id) => branch(bank, id));
  const { largest } = await compare({
    published: { 1: [csv(before(1))], 2: [csv(before(2))] },
    now: {
      1: ids.map((id) => branch(1, id, String(300 + (sizes[id - 1] ?? 0)))),
      2: ids.map((id) => branch(2, id, "300", String(6 + (sizes[id - 1] ?? 0)))),
    },
  });
  const branchesBySize = ids.toSorted((one, other) => (sizes[other - 1] ?? 0) - (sizes[one - 1] ?? 0));
  const expected = branchesBySize.slice(0, 10).map((id) => ({ branch_id: String(id) }));
  expect(largest.month.map(({ key }) => key)).toEqual(expected);
  expect(largest.window.map(({ key }) => key)).toEqual(expected);
  expect(new Set(largest.month.map(({ bankId, kind }) => `${bankId} ${kind}`))).toEqual(new Set(["1 month"]));
  expect(largest.window[0]).toEqual({
    ...{ bankId: 2, bankName: "Bank 2", kind: "window", key: { branch_id: "2" } },
    columns: [{ column: "loan_count_3m", published: "6", now: "18" }],
  });
});

it("of changes of the same size, the first rows come first", async () => {
  const ids = [1, 2, 3];
  const { largest } = await compare({
    published: { 1: [csv(ids.map((id) => branch(1, id)))] },
    now: { 1: ids.map((id) => branch(1, id, "301")) },
  });
  expect(largest.month.map(({ key }) => key["branch_id"])).toEqual(["1", "2", "3"]);
});
