/** A backfill in one process, as the state machine does it: the same plan, the same pieces, the same summary. */
import type { Edge } from "../../platform/edge";
import { BatchError } from "../../platform/errors";
import type { Month } from "../../platform/month";
import type { RunEvent } from "../events";
import { type Piece, runPiece } from "./piece";
import { type BackfillPlan, planBackfill } from "./plan";
import { type BackfillSummary, summarise } from "./summary";

export interface BackfillObserver {
  readonly planned: (plan: BackfillPlan) => void;
  readonly step: (event: RunEvent) => void;
  /** A run has ended with this error; if it has done some months, the rest follows in another run. */
  readonly failed: (error: BatchError) => void;
}

/**
 * Plans the pieces and extracts them one after the other. A piece that fails stops no other.
 *
 * @param bringToLake is called for each month that is done, if the input asks for the lake.
 * @throws what {@link planBackfill} throws; the time limit's error, and errors that the program doesn't foresee. Any other
 *   failure is in the summary.
 */
export async function runBackfill(
  input: unknown,
  edge: Edge,
  observer: BackfillObserver,
  bringToLake: (extract: string, month: Month) => Promise<void>,
): Promise<BackfillSummary> {
  const plan = await planBackfill(input, edge);
  observer.planned(plan);
  const pieces: Piece[] = [];
  for (const piece of plan.pieces) pieces.push(await wholePiece(piece, edge, observer, bringToLake));
  return summarise({ input: plan.input, pieces }, edge.now());
}

async function wholePiece(
  piece: Piece,
  edge: Edge,
  { step, failed }: BackfillObserver,
  bringToLake: (extract: string, month: Month) => Promise<void>,
): Promise<Piece> {
  let state = piece;
  while (state.step === "extract") {
    try {
      state = await runPiece(state, edge, step, failed);
    } catch (error) {
      return { ...state, error: caughtError(error, edge, failed) };
    }
  }
  if (state.step === "end") return state;
  const inLake: { month: Month; error?: string }[] = [];
  for (const { month } of state.done) {
    try {
      await bringToLake(state.extract, month);
      inLake.push({ month });
    } catch (error) {
      inLake.push({ month, error: caughtError(error, edge, failed).Error });
    }
  }
  return { ...state, inLake };
}

/** As the state machine has it. @throws the error if nothing more should be tried. */
function caughtError(
  error: unknown,
  { deadline }: Edge,
  failed: BackfillObserver["failed"],
): NonNullable<Piece["error"]> {
  if (!(error instanceof BatchError) || deadline.signal.aborted) throw error;
  failed(error);
  return { Error: error.name, Cause: error.message };
}
