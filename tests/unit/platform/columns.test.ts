import { type Column, expectColumns, type ResultColumn, scaleOf } from "../../../src/platform/columns";
import { DefinitionError } from "../../../src/platform/errors";

const column = (name: string, type: Column["type"]): Column => ({ name, type, meaning: "a value" });
const result = (name: string, dataTypeID: number, dataTypeModifier = -1): ResultColumn => ({
  name,
  dataTypeID,
  dataTypeModifier,
});

/** As PostgreSQL describes `id int, total bigint, average numeric(18, 2), on date, at timestamptz, name varchar(50)`. */
const columns = [
  column("id", "int32"),
  column("total", "int64"),
  column("average", "decimal(18,2)"),
  column("on", "date"),
  column("at", "timestamp"),
  column("name", "text(50)"),
];
const described = [
  result("id", 23),
  result("total", 20),
  result("average", 1700, (18 << 16) + 2 + 4),
  result("on", 1082),
  result("at", 1184),
  result("name", 1043, 50 + 4),
];

function refusal(found: readonly ResultColumn[]): DefinitionError {
  try {
    expectColumns("figures.sql", found, columns);
  } catch (error) {
    if (error instanceof DefinitionError) return error;
    throw error;
  }
  throw new Error("the columns were accepted");
}

const replaced = (at: number, ...others: ResultColumn[]) => described.toSpliced(at, others.length, ...others);

describe("a statement's result", () => {
  it("is accepted with exactly the columns of its definition", () => {
    expect(() => {
      expectColumns("figures.sql", described, columns);
    }).not.toThrow();
  });

  it("is accepted with a text column shorter than the definition allows", () => {
    expect(() => {
      expectColumns("figures.sql", replaced(5, result("name", 1043, 20 + 4)), columns);
    }).not.toThrow();
  });

  it.each([
    [
      "a longer text",
      replaced(5, result("name", 1043, 51 + 4)),
      "column 6 is name text(51), the definition says name text(50)",
    ],
    [
      "a text of any length",
      replaced(5, result("name", 1043)),
      "column 6 is name varchar without length, the definition says name text(50)",
    ],
    [
      "another type of text",
      replaced(5, result("name", 25)),
      "column 6 is name of the PostgreSQL type 25, the definition says name text(50)",
    ],
    [
      "another scale",
      replaced(2, result("average", 1700, (18 << 16) + 4 + 4)),
      "column 3 is average decimal(18,4), the definition says average decimal(18,2)",
    ],
    [
      "a number of any precision",
      replaced(2, result("average", 1700)),
      "column 3 is average numeric without precision, the definition says average decimal(18,2)",
    ],
    [
      "a smaller whole number",
      replaced(1, result("total", 23)),
      "column 2 is total int32, the definition says total int64",
    ],
    [
      "another name",
      replaced(0, result("identity", 23)),
      "column 1 is identity int32, the definition says id int32",
    ],
    ["a missing column", described.slice(0, 5), "column 6 is nothing, the definition says name text(50)"],
    [
      "an extra column",
      [...described, result("more", 23)],
      "column 7 is more int32, the definition says nothing",
    ],
  ])("is refused for %s", (_, found, problem) => {
    expect(refusal(found).message).toBe(
      `figures.sql doesn't return the columns of its definition: ${problem}`,
    );
  });

  it("is refused with all differences at once, and the hint does not blame the data", () => {
    const error = refusal(replaced(0, result("total", 20), result("id", 23)));
    expect(error.message).toContain(
      "column 1 is total int64, the definition says id int32; column 2 is id int32",
    );
    expect(error.hint).toContain("the data in the database is not the cause");
    expect([error.retry, error.exitCode]).toEqual([false, 1]);
  });
});

it("the scale of a type is the number of its decimal places", () => {
  expect([scaleOf("decimal(18,2)"), scaleOf("decimal(9,0)"), scaleOf("int64")]).toEqual([2, 0, 0]);
});
