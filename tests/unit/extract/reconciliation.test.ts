import { loanDetail } from "../../../src/extract/definitions/loan-detail";
import { loanMovingAverage } from "../../../src/extract/definitions/loan-moving-average";
import type { BankFile } from "../../../src/extract/month-files";
import {
  type BankTotals,
  type Controls,
  readBankTotals,
  readControls,
  reconcile,
} from "../../../src/extract/reconciliation";
import type { Totals } from "../../../src/extract/definition";
import type { Row, Snapshot } from "../../../src/platform/database/connection";
import type { Month } from "../../../src/platform/month";

const month = "2026-09" as Month;
const loans = (
  loanCount: bigint,
  loanTotal: bigint,
  windowLoanCount = loanCount,
  windowLoanTotal = loanTotal,
): Totals => ({ loanCount, loanTotal, windowLoanCount, windowLoanTotal });
const quality = { loansWithoutAmount: 0, loansWithNegativeAmount: 0, loansWithoutDate: 0 };

function file(id: number, totals: Totals, rowCount = 1): BankFile {
  const bank = { id, name: `Bank ${id}` };
  return { bank, totals, rowCount, key: "", byteCount: 0, sha256: "", staged: undefined };
}

/** Two banks: one loan of 100, and two loans of 500. */
const files = [file(1, loans(1n, 100n)), file(2, loans(2n, 500n), 3)];

function controlsWith(totals: Totals, rowCounts: Controls["rowCounts"]): Controls {
  return { months: new Map([[month, { totals, quality }]]), rowCounts };
}

const branches = new Map([
  [1, 1],
  [2, 3],
]);

async function refusalOf(controls: Controls, bankTotals: BankTotals = new Map()): Promise<string> {
  const result = await reconcile(loanMovingAverage, month, files, controls, () =>
    Promise.resolve(bankTotals),
  ).catch((error: unknown) => error);
  expect(result).toMatchObject({ name: "ReconciliationError", exitCode: 1, retry: false });
  const { message, hint } = result as { message: string; hint: string };
  expect(hint).toBe(
    "Correct the data of 2026-07 to 2026-09 in the source, then run the month again; docs/runbook.md has queries that find it. Nothing of the month was published.",
  );
  return message;
}

describe("a month whose files are compared with its controls", () => {
  it.each([
    ["with rows counted", branches],
    ["with rows not counted", undefined],
  ])("reconciles without reading the banks' totals if all figures are equal, %s", async (_, rowCounts) => {
    const controls = controlsWith(loans(3n, 600n), rowCounts);
    const readNoBanks = () => Promise.reject(new Error("the banks were read"));
    expect(await reconcile(loanMovingAverage, month, files, controls, readNoBanks)).toEqual({
      totals: loans(3n, 600n),
      quality,
    });
  });

  it("is refused for each bank whose totals differ, and the error has both figures", async () => {
    const bankTotals = new Map([
      [1, loans(1n, 100n)],
      [2, loans(3n, 700n)],
    ]);
    expect(await refusalOf(controlsWith(loans(4n, 800n), branches), bankTotals)).toBe(
      "2026-09 does not reconcile: Bank 2: the file has 2 loans of 500 in all (window: 2 loans of 500), the table loans 3 loans of 700 in all (window: 3 loans of 700)",
    );
  });

  it("is refused for a bank that has no loans in the source, and for loans without a bank", async () => {
    const bankTotals: BankTotals = new Map([
      [1, loans(1n, 100n)],
      [undefined, loans(1n, 7n)],
    ]);
    expect(await refusalOf(controlsWith(loans(2n, 107n), branches), bankTotals)).toBe(
      "2026-09 does not reconcile: Bank 2: the file has 2 loans of 500 in all (window: 2 loans of 500), the table loans 0 loans of 0 in all (window: 0 loans of 0); " +
        "without a bank: 1 loan of 7 in all (window: 1 loan of 7), because an account, client or branch is missing",
    );
  });

  it.each([
    ["the number", loans(4n, 600n), "4 loans of 600 in all (window: 4 loans of 600)"],
    ["the total", loans(3n, 601n), "3 loans of 601 in all (window: 3 loans of 601)"],
  ])("is refused if only %s of all loans differs, and no bank's figures do", async (_, totals, source) => {
    const bankTotals = new Map([
      [1, loans(1n, 100n)],
      [2, loans(2n, 500n)],
    ]);
    expect(await refusalOf(controlsWith(totals, branches), bankTotals)).toBe(
      `2026-09 does not reconcile: the files have 3 loans of 600 in all (window: 3 loans of 600), the table loans ${source}`,
    );
  });

  it.each([
    ["number", loans(3n, 600n, 4n, 600n), "window: 4 loans of 600"],
    ["total", loans(3n, 600n, 3n, 601n), "window: 3 loans of 601"],
  ])("is refused if only the %s of the window's loans differs", async (_, totals, window) => {
    const message = await refusalOf(
      controlsWith(totals, branches),
      new Map(files.map(({ bank, totals: own }) => [bank.id, own])),
    );
    expect(message).toBe(
      `2026-09 does not reconcile: the files have 3 loans of 600 in all (window: 3 loans of 600), the table loans 3 loans of 600 in all (${window})`,
    );
  });

  it("is refused for each bank whose file has a wrong number of rows, even if the totals are right", async () => {
    const rowCounts = new Map([[2, 4]]);
    expect(await refusalOf(controlsWith(loans(3n, 600n), rowCounts))).toBe(
      "2026-09 does not reconcile: Bank 1: the file has 1 branches, the table branch 0; " +
        "Bank 2: the file has 3 branches, the table branch 4",
    );
  });

  it("is refused with differences in totals and in row counts together", async () => {
    const message = await refusalOf(controlsWith(loans(0n, 0n), new Map([[1, 1]])));
    expect(message.split("; ")).toHaveLength(3);
  });

  it("of an extract whose figures cover one month is refused with a hint to correct that month", async () => {
    const controls = controlsWith(loans(4n, 600n), undefined);
    const reconciled = reconcile(loanDetail, month, files, controls, () => Promise.resolve(new Map()));
    await expect(reconciled).rejects.toMatchObject({
      hint: expect.stringMatching(/^Correct the data of 2026-09 in the source/) as string,
    });
  });

  it("can't be compared with controls that lack the month", async () => {
    const controls = { months: new Map(), rowCounts: undefined };
    const reconciled = reconcile(loanMovingAverage, month, files, controls, () => Promise.resolve(new Map()));
    await expect(reconciled).rejects.toThrow(new RangeError("the controls have no row for 2026-09"));
  });
});

/** Answers each statement with its rows, and records the values that it was given. */
function snapshotOf(rows: Readonly<Record<string, readonly Row[]>>) {
  const asked: Record<string, readonly string[] | undefined> = {};
  const snapshot: Snapshot = {
    query: (statement, values) => {
      asked[statement.name] = values;
      return Promise.resolve([...(rows[statement.name] ?? [])]);
    },
    stream: () => {
      throw new Error("nothing is streamed");
    },
  };
  return { snapshot, asked };
}

describe("the controls of a range", () => {
  const months = ["2026-08", "2026-09", "2026-10"] as [Month, Month, Month];
  const rows = {
    "loan_controls.sql": [
      ["2026-08", "1", "100", "1", "100", "4", "5", "6"],
      ["2026-09", "2", "300", "2", "300", "7", "8", "9"],
    ],
    "branch_controls.sql": [
      ["1", "10"],
      ["2", "20"],
    ],
  };

  it("are read from its first to its last month, with the quality figures and each bank's row count", async () => {
    const { snapshot, asked } = snapshotOf(rows);
    const controls = await readControls(snapshot, loanMovingAverage, months);
    expect(asked["loan_controls.sql"]).toEqual(["2026-08-01", "2026-10-01"]);
    expect([...controls.months]).toEqual([
      [
        "2026-08",
        {
          totals: loans(1n, 100n),
          quality: { loansWithoutAmount: 4, loansWithNegativeAmount: 5, loansWithoutDate: 6 },
        },
      ],
      [
        "2026-09",
        {
          totals: loans(2n, 300n),
          quality: { loansWithoutAmount: 7, loansWithNegativeAmount: 8, loansWithoutDate: 9 },
        },
      ],
    ]);
    expect([...(controls.rowCounts ?? [])]).toEqual([
      [1, 10],
      [2, 20],
    ]);
  });

  it("have no row counts if the definition has none", async () => {
    const { rowCounts: _, ...reconciliation } = loanMovingAverage.reconciliation;
    const { snapshot, asked } = snapshotOf(rows);
    const controls = await readControls(snapshot, { ...loanMovingAverage, reconciliation }, [month]);
    expect(controls.rowCounts).toBeUndefined();
    expect(asked).toEqual({ "loan_controls.sql": ["2026-09-01", "2026-09-01"] });
  });

  it("are refused if a total is not a whole number", async () => {
    const { snapshot } = snapshotOf({ "loan_controls.sql": [["2026-09", "1", "1.5", "0", "0", "0"]] });
    await expect(readControls(snapshot, loanMovingAverage, [month])).rejects.toMatchObject({
      name: "DefinitionError",
      message: expect.stringMatching(
        /^loan_controls\.sql doesn't return totals as the definition has them: .*1\.5/,
      ) as string,
      hint: "Compare the types of the source's columns with docs/contract.md, section 1. Nothing was written.",
      cause: expect.any(SyntaxError) as SyntaxError,
    });
  });
});

describe("the totals of the banks", () => {
  it("are read for the month, including loans without a bank, and an empty sum is 0", async () => {
    const { snapshot, asked } = snapshotOf({
      "loan_bank_controls.sql": [
        ["1", "2", "300", "2", "300"],
        [null, "1", null, "1", null],
      ],
    });
    const totals = await readBankTotals(snapshot, loanMovingAverage, month);
    expect(asked).toEqual({ "loan_bank_controls.sql": ["2026-09-01"] });
    expect([...totals]).toEqual([
      [1, loans(2n, 300n)],
      [undefined, loans(1n, 0n)],
    ]);
  });
});
