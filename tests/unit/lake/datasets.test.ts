/** The datasets agree with the extracts that they are made of, and never change except by new columns at the end. */
import { definitions } from "../../../src/extract/definitions";
import { ControlTotals, definitionSha256 } from "../../../src/lake/dataset";
import { feeds } from "../../../src/intake/feeds";
import { datasets, deliveryDatasets, extractDatasets } from "../../../src/lake/datasets";
import type { Column } from "../../../src/platform/columns";
import { loanMovingAverage } from "../../../src/lake/datasets/loan-moving-average";

const pairs = extractDatasets.map((dataset) => ({
  dataset,
  definition: definitions.find(({ name }) => name === dataset.name),
}));

it("every extract has a dataset", () => {
  expect(extractDatasets.map(({ name }) => name)).toEqual(definitions.map(({ name }) => name));
});

it.each(pairs)(
  "$dataset.name has the extract's columns and types, without the partition's",
  ({ dataset, definition }) => {
    const columns = definition?.columns.filter(({ name }) => name !== "month") ?? [];
    expect(typed(dataset.columns)).toEqual(typed(columns));
    expect(dataset.folder).toBe(definition?.folder);
    expect({ bank: dataset.bankColumn, month: dataset.monthColumn }).toEqual(definition?.fileBy);
  },
);

it.each(pairs)("$dataset.name adds up what the extract's manifest states", ({ dataset, definition }) => {
  expect(definition?.reconciliation.measures).toMatchObject(dataset.totals);
});

const typed = (all: readonly Column[]) => all.map(({ name, type, nullable }) => ({ name, type, nullable }));

it("every feed has a dataset, which reads the files of stage/ as they are", () => {
  expect(deliveryDatasets.map(({ name, fileColumns }) => ({ name, columns: typed(fileColumns) }))).toEqual(
    feeds.map(({ name, columns }) => ({ name, columns: typed(columns) })),
  );
  expect(deliveryDatasets.map(({ totals: [total] }) => total?.column)).toEqual(
    feeds.map(({ controlTotal }) => controlTotal),
  );
});

it("names of clients are in no dataset", () => {
  const clients = deliveryDatasets.find(({ name }) => name === "clients");
  expect(clients?.columns.map(({ name }) => name)).toEqual([
    ...["business_time", "load_number", "idclient", "branch_idbranch"],
  ]);
});

it("a definition's digest changes with a column's name, type, nullability and place, and with nothing else", () => {
  const digestOf = (...columns: Column[]) => definitionSha256({ ...loanMovingAverage, columns });
  const [a, b]: [Column, Column] = [
    { name: "a", type: "int32", meaning: "one" },
    { name: "b", type: "int64", meaning: "two" },
  ];
  const digest = digestOf(a, b);
  expect(digestOf({ ...a, meaning: "another" }, b)).toBe(digest);
  const others = [
    digestOf({ ...a, name: "c" }, b),
    digestOf({ ...a, type: "int64" }, b),
    digestOf({ ...a, nullable: true }, b),
    digestOf(b, a),
    digestOf(a),
  ];
  expect(new Set([digest, ...others]).size).toBe(6);
});

/** Parquet files with these columns are there for ever. A new column is added to the dataset, and then here. */
const history: Readonly<Record<string, readonly string[]>> = {
  loan_moving_average: [
    "bank_id int32",
    "bank_name text(100)",
    "branch_id int32",
    "branch_address text(255) nullable",
    "loan_count int64",
    "loan_total int64",
    "loan_average decimal(18,2) nullable",
    "loan_count_3m int64",
    "moving_average_3m decimal(18,2) nullable",
    "monthly_total_average_3m decimal(18,2)",
  ],
  loan_detail: [
    "bank_id int32",
    "bank_name text(100)",
    "branch_id int32",
    "branch_address text(255) nullable",
    "client_id int32",
    "account_id int32",
    "loan_id int32",
    "loan_date date",
    "amount int32 nullable",
  ],
  clients: ["business_time timestamp", "load_number int64", "idclient int32", "branch_idbranch int32"],
  accounts: [
    "business_time timestamp",
    "load_number int64",
    "idaccount int32",
    "balance int32 nullable",
    "client_idclient int32",
    "open_date date nullable",
  ],
  loans: [
    "business_time timestamp",
    "load_number int64",
    "idloan int32",
    "amount int32 nullable",
    "account_idaccount int32",
    "loan_date date nullable",
  ],
  transactions: [
    "id int64",
    "booked_on date",
    "amount decimal(18,2)",
    "currency text(3)",
    "description text(200) nullable",
    "amount_abs decimal(18,2)",
    "is_debit int32",
  ],
};

it.each(datasets)(
  "the columns of $name are those of its history; further ones are nullable",
  ({ name, columns }) => {
    const before = history[name] ?? [];
    const described = columns.map((each) => `${each.name} ${each.type}${each.nullable ? " nullable" : ""}`);
    expect(before.length).toBeGreaterThan(0);
    expect(described.slice(0, before.length)).toEqual(before);
    expect(columns.slice(before.length).filter(({ nullable }) => nullable !== true)).toEqual([]);
  },
);

it("a mean of three whole numbers adds their sum, whatever was rounded", () => {
  const totals = new ControlTotals(loanMovingAverage);
  const at = loanMovingAverage.columns.findIndex(({ name }) => name === "monthly_total_average_3m");
  // 1 / 3 = 0.33, 2 / 3 = 0.67, 3 / 3 = 1.00, -1 / 3 = -0.33
  totals.add(at, [33n, 67n, 100n, -33n, null]);
  expect(totals.totals["windowLoanTotal"]).toBe("5");
});

describe("control totals", () => {
  const columns = [
    { name: "word", type: "text(9)", nullable: true, meaning: "" },
    { name: "count", type: "int32", nullable: true, meaning: "" },
    { name: "price", type: "decimal(9,2)", nullable: true, meaning: "" },
    { name: "third", type: "decimal(9,2)", meaning: "" },
  ] as const satisfies readonly Column[];
  const dataset = {
    ...{ name: "things", columns },
    totals: [
      { name: "rows" },
      { name: "counted", column: "count" },
      { name: "paid", column: "price" },
      { name: "sum", column: "third", meanOf: 3 },
    ],
  };

  it("are nothing before there are rows", () => {
    expect(new ControlTotals(dataset).totals).toEqual({ rows: "0", counted: "0", paid: "0", sum: "0" });
  });

  it("are the same of rows as text and of values that are stored", () => {
    const [asText, asValues] = [new ControlTotals(dataset), new ControlTotals(dataset)];
    // A text may look like a number, or not.
    const rows = [
      ["7", "-1", "1.50", "0.33"],
      ["x", null, null, "0.00"],
      [null, "3", "-0.25", "-0.67"],
    ];
    asText.addRows(rows.slice(0, 1));
    asText.addRows(rows.slice(1));
    asValues.add(0, ["7", "x", null]);
    asValues.add(1, [-1, null, 3]);
    asValues.add(2, [150n, null, -25n]);
    asValues.add(3, [33n, 0n, -67n]);
    for (const found of [asText, asValues]) {
      expect(found.totals).toEqual({ rows: "3", counted: "2", paid: "125", sum: "-1" });
      expect(found.rowCount).toBe(3);
    }
  });

  it("add nothing of a column that the dataset doesn't have", () => {
    const totals = new ControlTotals(dataset);
    totals.add(9, [1n]);
    expect(totals.totals).toEqual({ rows: "0", counted: "0", paid: "0", sum: "0" });
  });

  it("count rows whose first column is a number, and adds them up if it has a total", () => {
    const totals = new ControlTotals({
      ...{ name: "numbers", columns: columns.slice(1, 2) },
      totals: [{ name: "rows" }, { name: "counted", column: "count" }],
    });
    totals.addRows([["4"], [null], ["5"]]);
    expect(totals.totals).toEqual({ rows: "3", counted: "9" });
  });
});

it("a file's rows are counted, whether its first column has a total or not", () => {
  for (const dataset of datasets) {
    const totals = new ControlTotals(dataset);
    const row = dataset.columns.map(({ type }) => (/^(int|decimal)/.test(type) ? "1" : null));
    totals.addRows([row, row]);
    totals.addRows([row]);
    expect([dataset.name, totals.rowCount]).toEqual([dataset.name, 3]);
  }
});
