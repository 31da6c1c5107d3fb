/** A piece of a backfill: months without gaps, which one run extracts, or several if the first can't do them all. */
import * as v from "valibot";

import type { Edge } from "../../platform/edge";
import { BatchError, RequestError } from "../../platform/errors";
import { addMonths, isMonth, type Month } from "../../platform/month";
import type { MonthSummary, RunEvent } from "../events";
import { optionsOf, type Request } from "../request";
import { run } from "../run";
import { type MonthRange, spanOf } from "./request";

const month = v.custom<Month>((text) => typeof text === "string" && isMonth(text));

const monthOutcome = v.object({
  month,
  status: v.picklist(["published", "unchanged", "restated", "repaired"]),
  revision: v.number(),
});

/** What a state of the state machine passes on about a failure. `Cause` is the error as Lambda reports it, as JSON. */
export const caught = v.object({ Error: v.string(), Cause: v.optional(v.string(), "") });

/** As the state machine passes it from step to step. */
export const pieceSchema = v.object({
  /** What comes next. */
  step: v.picklist(["extract", "lake", "end"]),
  extract: v.string(),
  from: month,
  to: month,
  lake: v.boolean(),
  /** Of its runs: what their inputs have besides the months. */
  options: v.record(v.string(), v.unknown()),
  done: v.array(monthOutcome),
  error: v.optional(caught),
  /** Of the months that are done, those that the lake was asked for; with the error's name if it failed. */
  inLake: v.optional(v.array(v.object({ month, error: v.optional(v.string()) }))),
});

export type MonthOutcome = v.InferOutput<typeof monthOutcome>;
export type Piece = v.InferOutput<typeof pieceSchema>;

export function newPiece(request: Request, range: MonthRange, lake: boolean): Piece {
  return {
    step: "extract",
    extract: request.definition.name,
    ...spanOf(range),
    lake,
    options: optionsOf(request),
    done: [],
  };
}

/**
 * Extracts the months of a piece that are left. If only some of them succeed, these are done and the rest is left for
 * the next run. An error therefore always means that the run did nothing, so repeating runs comes to an end.
 *
 * @param onStop is called with the error that stopped the run after some months.
 * @returns the piece with the step that comes next.
 * @throws any error of {@link run}.
 */
export async function runPiece(
  state: unknown,
  edge: Edge,
  observe: (event: RunEvent) => void,
  onStop: (error: BatchError) => void,
): Promise<Piece> {
  const piece = parsePiece(state);
  const done: MonthOutcome[] = [];
  try {
    await run({ ...piece.options, from: nextMonth(piece), to: piece.to }, edge, (event) => {
      if (event.step === "done") done.push(outcomeOf(event));
      observe(event);
    });
  } catch (error) {
    if (!(error instanceof BatchError) || done.length === 0) throw error;
    onStop(error);
  }
  return after(piece, done);
}

function outcomeOf({ month: each, status, revision }: MonthSummary): MonthOutcome {
  return { month: each, status, revision };
}

/** The first month that is left. */
function nextMonth({ from, done }: Piece): Month {
  const last = done.at(-1);
  return last === undefined ? from : addMonths(last.month, 1);
}

function after(piece: Piece, more: readonly MonthOutcome[]): Piece {
  const done = [...piece.done, ...more];
  if (nextMonth({ ...piece, done }) <= piece.to) return { ...piece, done };
  return { ...piece, done, step: piece.lake ? "lake" : "end" };
}

function parsePiece(state: unknown): Piece {
  const parsed = v.safeParse(pieceSchema, state);
  if (parsed.success) return parsed.output;
  throw new RequestError("wrong input: this is not a piece of a backfill", {
    hint: "Start the state machine, or npx bank-batch backfill: they plan the pieces.",
  });
}
