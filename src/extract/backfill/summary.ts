/** What a backfill has done, what failed, and the input that goes on from there. */
import * as v from "valibot";

import { DONE, TRY } from "../../platform/lambda/handler";
import type { Month } from "../../platform/month";
import { monthRange } from "../../platform/month";
import { caught, type MonthOutcome, type Piece, pieceSchema } from "./piece";
import { backfillInputOf, type BackfillInput, parseBackfill } from "./request";

export interface FailedRange {
  readonly from: Month;
  readonly to: Month;
  /** The error's name. */
  readonly error: string;
  readonly message: string;
}

/** The result of a backfill: the state machine ends with it, and `--json` prints it. */
export interface BackfillSummary {
  readonly outcome: "done" | "failed";
  readonly input: BackfillInput;
  readonly done: readonly MonthOutcome[];
  readonly failed: readonly FailedRange[];
  /** Months that are done, but that the lake could not take, each with the error's name. */
  readonly notInLake: readonly { readonly month: Month; readonly error: string }[];
  /** Why nothing was planned. */
  readonly notPlanned?: { readonly error: string; readonly message: string };
  /** Asks for everything that is not done; missing if everything is. */
  readonly goOn?: BackfillInput;
}

/** What the state machine has at its end. */
const ended = v.object({ input: v.record(v.string(), v.unknown()), pieces: v.array(pieceSchema) });

/** @throws RequestError if the state is not what the state machine passes on. */
export function summarise(state: unknown, now: Date): BackfillSummary {
  const parsed = v.safeParse(ended, state);
  return parsed.success ? summaryOf(parsed.output.input, parsed.output.pieces, now) : unplanned(state);
}

function summaryOf(input: BackfillInput, pieces: readonly Piece[], now: Date): BackfillSummary {
  const done = pieces.flatMap((piece) => piece.done);
  const failed = pieces.flatMap((piece): FailedRange[] => {
    const { error } = piece;
    const [from] = monthsLeft(piece);
    return error === undefined || from === undefined ? [] : [{ from, to: piece.to, ...failureOf(error) }];
  });
  const notInLake = pieces.flatMap(({ inLake = [] }) =>
    inLake.flatMap(({ month, error }) => (error === undefined ? [] : [{ month, error }])),
  );
  // By what was asked for, and not by the pieces: a piece that got lost is not done.
  const asked = parseBackfill(input, now);
  const isDone = new Set(done.map(({ month }) => month));
  for (const { month } of notInLake) isDone.delete(month);
  const left = asked.months.filter((month) => !isDone.has(month));
  const summary = { input, done, failed, notInLake };
  if (left.length === 0) return { outcome: "done", ...summary };
  return { outcome: "failed", ...summary, goOn: backfillInputOf(asked, left) };
}

function unplanned(state: unknown): BackfillSummary {
  const { error, ...input } = v.parse(v.looseObject({ error: caught }), state);
  return {
    ...{ outcome: "failed", input, done: [], failed: [], notInLake: [] },
    ...{ notPlanned: failureOf(error), goOn: input },
  };
}

function monthsLeft({ from, to, done }: Piece): Month[] {
  const isDone = new Set(done.map(({ month }) => month));
  return monthRange(from, to).filter((month) => !isDone.has(month));
}

const lambdaError = v.pipe(v.string(), v.parseJson(), v.object({ errorMessage: v.string() }));

function failureOf({ Error: error, Cause: cause }: v.InferOutput<typeof caught>): {
  readonly error: string;
  readonly message: string;
} {
  const parsed = v.safeParse(lambdaError, cause);
  const text = parsed.success ? parsed.output.errorMessage : cause;
  const [what = ""] = text.split(TRY);
  const [message = ""] = what.split(DONE);
  return { error, message };
}
