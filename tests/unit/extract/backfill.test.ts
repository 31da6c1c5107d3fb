/** A backfill's input, its pieces, and its summary. */
import fc from "fast-check";

import type { Piece } from "../../../src/extract/backfill/piece";
import { commandOf, noticeOf, summaryText } from "../../../src/extract/backfill/notice";
import { PIECE_MS, piecesOf } from "../../../src/extract/backfill/plan";
import { backfillInputOf, MOST_MONTHS, parseBackfill } from "../../../src/extract/backfill/request";
import { type BackfillSummary, summarise } from "../../../src/extract/backfill/summary";
import { addMonths, type Month, monthRange } from "../../../src/platform/month";

const NOW = new Date("2026-11-20T12:00:00Z");
const months = (from: string, to: string) => monthRange(from as Month, to as Month);
const parse = (input: unknown) => parseBackfill(input, NOW);

describe("the input", () => {
  it("is a range", () => {
    const { months: asked, lake, request } = parse({ from: "2026-01", to: "2026-03" });
    expect(asked).toEqual(["2026-01", "2026-02", "2026-03"]);
    expect([lake, request.definition.name, request.restate]).toEqual([false, "loan_moving_average", false]);
  });

  it("is single months, each once and in order", () => {
    const asked = parse({ months: ["2026-05", "2026-01", "2026-05"], extract: "loan_detail", lake: true });
    expect([asked.months, asked.lake]).toEqual([["2026-01", "2026-05"], true]);
  });

  it.each([
    ["nothing", {}, "either from with to, or months"],
    ["both", { from: "2026-01", to: "2026-02", months: ["2026-01"] }, "either from with to, or months"],
    ["no months", { months: [] }, "at least one"],
    ["an invalid month", { months: ["2026-01", "2026-1"] }, "2026-1"],
    ["a range without its end", { from: "2026-01" }, "to is missing"],
    ["a month that has not ended", { from: "2026-10", to: "2026-11" }, "has not ended"],
    ["an unknown extract", { from: "2026-01", to: "2026-01", extract: "loans" }, "loans"],
    ["an unknown key", { from: "2026-01", to: "2026-01", dryRun: true }, "unknown key"],
    ["too many months", { from: "2006-01", to: "2026-01" }, "241 months are too many"],
    ["a reason without restate", { from: "2026-01", to: "2026-01", reason: "late" }, "restate"],
  ])("is refused if it is %s", (_, input, message) => {
    expect(() => parse(input)).toThrow(
      expect.objectContaining({
        name: "RequestError",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it("is refused with an example of what can be asked for", () => {
    const hint = expect.stringContaining(
      'or for single months, {"months": ["2024-03", "2025-01"]}',
    ) as string;
    expect(() => parse({})).toThrow(expect.objectContaining({ hint }) as Error);
  });

  it("of what is left asks for exactly that, with everything else as it was", () => {
    const motive = { restate: true, reason: "late loans", by: "somebody", allowEmpty: true };
    const whole = parse({ from: "2026-01", to: "2026-06", extract: "loan_detail", lake: true, ...motive });
    const rest = { extract: "loan_detail", lake: true, ...motive };
    expect(backfillInputOf(whole, months("2026-02", "2026-03"))).toEqual({
      from: "2026-02",
      to: "2026-03",
      ...rest,
    });
    const input = backfillInputOf(whole, ["2026-02", "2026-05"] as Month[]);
    expect(input).toEqual({ months: ["2026-02", "2026-05"], ...rest });
    expect(parse(input)).toMatchObject({ months: ["2026-02", "2026-05"], lake: true });
  });
});

describe("the pieces", () => {
  it("are single months if nothing was measured", () => {
    expect(piecesOf(months("2026-01", "2026-03"), new Map())).toEqual([
      ["2026-01"],
      ["2026-02"],
      ["2026-03"],
    ]);
  });

  it("have a year at most", () => {
    const found = piecesOf(months("2021-01", "2025-12"), new Map([["2026-10" as Month, 1000]]));
    expect(found.map((piece) => piece.length)).toEqual([12, 12, 12, 12, 12]);
  });

  it("take half of a Lambda's time by what was measured; a month that was not counts as the slowest", () => {
    const minutes = (count: number) => count * 60_000;
    const durations = new Map(
      Object.entries({ "2026-01": 1, "2026-02": 2, "2026-04": 3, "2026-05": 9, "2026-06": 0.5 }).map(
        ([month, took]) => [month as Month, minutes(took)],
      ),
    );
    // 1 + 2 minutes, then 9 for the month that was not measured, 3, 9 and 0.5.
    expect(piecesOf(months("2026-01", "2026-06"), durations)).toEqual([
      ["2026-01", "2026-02"],
      ["2026-03"],
      ["2026-04"],
      ["2026-05"],
      ["2026-06"],
    ]);
  });

  it("may take half of a Lambda's time to the millisecond", () => {
    const both = (took: number) =>
      piecesOf(
        months("2026-01", "2026-02"),
        new Map([
          ["2026-01" as Month, PIECE_MS - 1000],
          ["2026-02" as Month, took],
        ]),
      ).length;
    expect([both(1000), both(1001)]).toEqual([1, 2]);
  });

  it("never have a gap, leave out and repeat nothing, and fit unless they are single months", () => {
    const month = fc.integer({ min: 0, max: 60 }).map((count) => addMonths("2020-01" as Month, count));
    fc.assert(
      fc.property(
        fc.uniqueArray(month, { minLength: 1 }),
        fc.dictionary(month, fc.integer({ min: 0, max: PIECE_MS * 2 })),
        (asked, measured) => {
          const ordered = [...asked].sort();
          const durations = new Map(Object.entries(measured) as [Month, number][]);
          const pieces = piecesOf(ordered, durations);
          expect(pieces.flat()).toEqual(ordered);
          const slowest = durations.size === 0 ? PIECE_MS : Math.max(...durations.values());
          for (const piece of pieces) {
            expect(piece).toEqual(months(piece[0], piece.at(-1) ?? ""));
            expect(piece.length).toBeLessThanOrEqual(12);
            const took = piece.reduce((sum, each) => sum + (durations.get(each) ?? slowest), 0);
            expect(piece.length === 1 || took <= PIECE_MS).toBe(true);
          }
        },
      ),
    );
  });
});

function piece(from: string, to: string, done: readonly Month[], more: Partial<Piece> = {}): Piece {
  return {
    ...{ step: "end", extract: "loan_moving_average", from: from as Month, to: to as Month, lake: false },
    ...{ options: {}, done: done.map((month) => ({ month, status: "published", revision: 1 })) },
    ...more,
  };
}

const failure = (errorMessage: string) => ({
  Error: "ReconciliationError",
  Cause: JSON.stringify({ errorType: "ReconciliationError", errorMessage, trace: [] }),
});

describe("the summary", () => {
  const input = { from: "2026-01", to: "2026-06" };
  const of = (...pieces: Piece[]) => summarise({ input, pieces }, NOW);

  it("of months that are all done asks for nothing more", () => {
    const summary = of(piece("2026-01", "2026-06", months("2026-01", "2026-06")));
    expect(summary).toMatchObject({ outcome: "done", failed: [], notInLake: [] });
    expect(summary.done).toHaveLength(6);
    expect(summary).not.toHaveProperty("goOn");
  });

  it("names what failed and why, and asks for what is left", () => {
    const summary = of(
      piece("2026-01", "2026-03", months("2026-01", "2026-01"), {
        error: failure("they differ\nDone: 2026-01\nTry: Correct the source."),
      }),
      piece("2026-04", "2026-06", months("2026-04", "2026-06")),
    );
    expect(summary).toMatchObject({
      outcome: "failed",
      failed: [{ from: "2026-02", to: "2026-03", error: "ReconciliationError", message: "they differ" }],
      goOn: { from: "2026-02", to: "2026-03" },
    });
  });

  it("asks for the months of a piece that got lost", () => {
    const summary = of(piece("2026-01", "2026-03", months("2026-01", "2026-03")));
    expect(summary).toMatchObject({
      ...{ outcome: "failed", failed: [], goOn: { from: "2026-04", to: "2026-06" } },
    });
  });

  it("has the cause as it is if it is not an error of a Lambda", () => {
    const error = { Error: "States.Timeout", Cause: "" };
    expect(of(piece("2026-01", "2026-06", [], { error })).failed).toMatchObject([
      { error: "States.Timeout", message: "" },
    ]);
  });

  it("counts a month that the lake doesn't have as not done", () => {
    const inLake = [{ month: "2026-02" as Month, error: "StorageError" }, { month: "2026-01" as Month }];
    const summary = of(
      piece("2026-01", "2026-02", months("2026-01", "2026-02"), { inLake }),
      piece("2026-03", "2026-06", months("2026-03", "2026-06")),
    );
    expect(summary).toMatchObject({
      ...{ outcome: "failed", failed: [], notInLake: [{ month: "2026-02", error: "StorageError" }] },
      goOn: { from: "2026-02", to: "2026-02" },
    });
  });

  it("of a backfill that was not planned repeats its input", () => {
    const summary = summarise({ ...input, error: failure("no such month") }, NOW);
    expect(summary).toMatchObject({
      ...{ outcome: "failed", input, goOn: input, done: [] },
      notPlanned: { error: "ReconciliationError", message: "no such month" },
    });
  });
});

describe("the message", () => {
  const place = { stage: "prod", execution: "arn:execution" };
  const summary = summarise(
    {
      input: { from: "2026-01", to: "2026-06", restate: true, reason: "it's late" },
      pieces: [
        piece("2026-01", "2026-03", months("2026-01", "2026-03")),
        piece("2026-04", "2026-04", [], { error: failure("they differ") }),
        piece("2026-05", "2026-06", months("2026-05", "2026-05"), { error: failure("again") }),
      ],
    },
    NOW,
  );

  it("has what is done, what failed, and the command that goes on", () => {
    const { subject, message } = noticeOf(summary, place);
    expect(message).not.toMatch(/ \n/);
    expect(subject).toBe(
      "[bank-batch prod] The backfill of loan_moving_average: 4 months done, 2 ranges failed",
    );
    expect(message).toContain("2026-01 to 2026-03  published\n  2026-05  published\n");
    expect(message).toContain(
      "2026-04  ReconciliationError: they differ\n  2026-06  ReconciliationError: again",
    );
    expect(message).toContain(
      String.raw`npx bank-batch backfill --months 2026-04,2026-06 --restate --reason 'it'\''s late' --stage prod`,
    );
    expect(message).toContain("Execution arn:execution");
  });

  it("has a line for each range of months with the same outcome", () => {
    const done = [
      { month: "2026-01" as Month, status: "published", revision: 1 },
      { month: "2026-02" as Month, status: "unchanged", revision: 1 },
      { month: "2026-03" as Month, status: "published", revision: 1 },
      { month: "2026-04" as Month, status: "published", revision: 1 },
    ] as const;
    const { message } = noticeOf({ outcome: "done", input: {}, done, failed: [], notInLake: [] }, place);
    expect(message).toContain(
      "\n  2026-01  published\n  2026-03 to 2026-04  published\n  2026-02  unchanged\n",
    );
  });

  it("counts the months and ranges of the extract, and those that the lake doesn't have", () => {
    const month = { month: "2026-01" as Month, status: "published", revision: 1 } as const;
    const range = { from: "2026-02" as Month, to: "2026-02" as Month, error: "StorageError", message: "503" };
    const missing = { month: "2026-01" as Month, error: "StorageError" };
    const subjectOf = (more: Partial<BackfillSummary>) =>
      noticeOf(
        {
          outcome: "failed",
          input: { extract: "loan_detail" },
          done: [],
          failed: [],
          notInLake: [],
          ...more,
        },
        place,
      ).subject;
    const start = "[bank-batch prod] The backfill of loan_detail";
    expect(subjectOf({})).toBe(`${start}: 0 months done`);
    expect(subjectOf({ done: [month], failed: [range] })).toBe(`${start}: 1 month done, 1 range failed`);
    expect(subjectOf({ done: [month], notInLake: [missing] })).toBe(
      `${start}: 1 month done, 1 not in the lake`,
    );
    expect(subjectOf({ notPlanned: { error: "QueryError", message: "no" } })).toBe(
      `${start} was not planned: QueryError`,
    );
  });

  it("has all that is left to do, for people at a terminal and for the state machine", () => {
    const missing = { month: "2026-01" as Month, error: "StorageError" };
    const goOn = { from: "2026-01", to: "2026-01", lake: true };
    const left: BackfillSummary = {
      ...{ outcome: "failed", input: goOn, done: [], failed: [], notInLake: [missing], goOn },
    };
    const text = (next: string) =>
      [
        "The backfill of loan_moving_average: 0 months done, 1 not in the lake.\n",
        "Done, but not in the lake\n  2026-01  StorageError; the lake's log has more\n",
        "What to do next",
        "  docs/runbook.md says what each error means. When the cause is gone, go on:",
        `\n  npx bank-batch backfill --from 2026-01 --to 2026-01 --lake${next}\n`,
      ].join("\n");
    expect(summaryText(left, undefined)).toBe(text(""));
    const machine = `\n  The state machine's input is ${JSON.stringify(goOn)}\n`;
    expect(summaryText(left, "prod")).toBe(text(" --stage prod") + machine);
    const { message } = noticeOf(left, place);
    expect(message).toBe(`${summaryText(left, "prod")}\nWhere to look\n  Execution arn:execution\n`);
    const notPlanned = { error: "QueryError", message: "no such table\nDETAIL: none" };
    const { goOn: _, ...settled } = left;
    expect(summaryText({ ...settled, notInLake: [], notPlanned }, "prod")).toBe(
      "The backfill of loan_moving_average was not planned: QueryError.\n\n" +
        "What happened\n  QueryError: no such table\n  DETAIL: none\n",
    );
  });

  it("says nothing of what to do if all is done", () => {
    const done: BackfillSummary = { outcome: "done", input: {}, done: [], failed: [], notInLake: [] };
    expect(noticeOf(done, place).message).not.toContain("next");
  });

  it("has a subject that SNS takes, even for an error of any length", () => {
    const notPlanned = { error: `${"X".repeat(200)}é`, message: "" };
    const { subject } = noticeOf({ ...summary, notPlanned }, place);
    expect(subject).toMatch(/^[ -~]{1,99}$/);
  });
});

it("a command asks for the same as its input", () => {
  expect(commandOf({ from: "2026-01", to: "2026-06", extract: "loan_detail", lake: true }, undefined)).toBe(
    "npx bank-batch backfill --extract loan_detail --from 2026-01 --to 2026-06 --lake",
  );
});

it("the longest backfill is within the months that may be asked for", () => {
  expect(parse({ from: addMonths("2026-10" as Month, 1 - MOST_MONTHS), to: "2026-10" }).months).toHaveLength(
    MOST_MONTHS,
  );
});
