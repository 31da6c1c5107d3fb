/** The benchmark's arithmetic and tables. Only running it shows what it measures. */
import { withValues } from "../../../bench/copy";
import type { Row } from "../../../bench/measure";
import { figure, markdownTable, ratioTable } from "../../../bench/report";
import { sizesOf } from "../../../bench/sizes";
import { compare, median } from "../../../bench/statistics";
import { inTurns } from "../../../bench/turns";

describe("the median", () => {
  it.each([
    [[3], 3],
    [[3, 1], 2],
    [[10, 9, 100], 10],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("does not reorder the figures, and throws without figures", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("a comparison", () => {
  it("compares each figure with its neighbour, so a machine that slows down changes nothing", () => {
    const base = [100, 200, 400];
    const ours = [110, 220, 440];
    expect(compare(ours, base)).toEqual({
      oursMedian: 220,
      baseMedian: 200,
      ratio: expect.closeTo(1.1, 10) as number,
      lowest: expect.closeTo(1.1, 10) as number,
      highest: expect.closeTo(1.1, 10) as number,
    });
  });

  it("gives the median and both ends of the ratios, which the ratio of the medians would hide", () => {
    expect(compare([100, 300, 200], [100, 100, 400])).toEqual({
      ...{ oursMedian: 200, baseMedian: 100 },
      ...{ ratio: 1, lowest: 0.5, highest: 3 },
    });
  });

  it("requires pairs", () => {
    expect(() => compare([1, 2], [1])).toThrow("can't pair 2 figures with 1");
  });
});

describe("runs in turns", () => {
  it("alternate, and the first of each is not counted", async () => {
    const order: string[] = [];
    const contender = (name: string, figures: number[]) => () => {
      order.push(name);
      return Promise.resolve({ durationMs: figures.shift() ?? NaN });
    };
    const lines: string[] = [];
    const samples = await inTurns(2, (line) => lines.push(line), {
      a: contender("a", [9, 1, 2]),
      b: contender("b", [8, 3, 4]),
    });
    expect(order.join("")).toBe("abbaab");
    expect(samples).toEqual({
      a: [{ durationMs: 1 }, { durationMs: 2 }],
      b: [{ durationMs: 3 }, { durationMs: 4 }],
    });
    expect(lines).toEqual(["warm-up: a 9 ms, b 8 ms", "1 of 2: b 3 ms, a 1 ms", "2 of 2: a 2 ms, b 4 ms"]);
  });
});

describe("the tables", () => {
  const row: Row = {
    ...{ measure: "run", what: "a run", against: "COPY", unit: "ms", limit: 1.1 },
    ...{ ours: [1100, 1200, 1300], base: [1000, 1000, 1000] },
  };

  it("show whether each ratio meets its limit, the limit included", () => {
    const cells = (ours: readonly number[]) =>
      ratioTable([{ ...row, ours }])
        .split("\n")[2]
        ?.split(/ *\| */);
    expect(cells(row.ours)).toEqual([
      "",
      "run",
      "a run",
      "1.20 s",
      "COPY",
      "1.00 s",
      "1.20",
      "1.10–1.30",
      "≤ 1.10",
      "no",
      "",
    ]);
    expect(cells([1100, 1100, 1100])?.at(-2)).toBe("yes");
  });

  it("have aligned columns, and escape what would end a cell", () => {
    expect(
      markdownTable(
        ["way", "n"],
        [
          ["psql | aws", "1"],
          ["x", "20"],
        ],
      ),
    ).toBe(
      ["| way         | n  |", "| ----------- | -- |", "| psql \\| aws | 1  |", "| x           | 20 |"].join(
        "\n",
      ),
    );
  });

  it.each([
    [0.4, "ms", "0 ms"],
    [999.4, "ms", "999 ms"],
    [61_240, "ms", "61.24 s"],
    [150 * 1024 * 1024, "bytes", "150 MiB"],
  ] as const)("show %d %s as %s", (value, unit, expected) => {
    expect(figure(value, unit)).toBe(expected);
  });
});

describe("the sizes", () => {
  it("are the large ones on request, and single flags override them", () => {
    expect(sizesOf({})).toMatchObject({ loans: 2_000_000, branches: 3000, runs: 5 });
    expect(sizesOf({ large: true, runs: 7 })).toMatchObject({ loans: 20_000_000, branches: 3000, runs: 7 });
    expect(sizesOf({ smoke: true, loans: 50 })).toMatchObject({ loans: 50, branches: 60 });
  });
});

it("a benchmark's COPY has its values in the statement, because COPY takes no parameters", () => {
  expect(withValues("select $1::date, $2, $1", ["2026-09-01", "x"])).toBe(
    "select '2026-09-01'::date, 'x', '2026-09-01'",
  );
});
