/** Cuts the months of a backfill into pieces, each for one run of a Lambda, by how long earlier runs took. */
import { openBucket } from "../../platform/bucket/bucket";
import type { Edge } from "../../platform/edge";
import { addMonths, type Month, monthOf, monthRange } from "../../platform/month";
import { eachAtOnce } from "../../platform/parallel";
import { parseBoth } from "../../platform/settings";
import { findManifest } from "../month-manifest";
import { parseOutputSettings } from "../settings";
import { newPiece, type Piece } from "./piece";
import { backfillInputOf, type BackfillInput, type MonthRange, parseBackfill, rangesOf } from "./request";

export interface BackfillPlan {
  /** The input, checked and complete. */
  readonly input: BackfillInput;
  readonly pieces: readonly Piece[];
}

/** Half of what a Lambda may take: the database may be twice as slow as when the months were measured. */
export const PIECE_MS = 450_000;

/** One failure stops the rest of its piece, so a piece is no longer than a year. */
const LONGEST_PIECE = 12;

/** How many months before today are looked at for a duration, besides those of the backfill. */
const RECENT_MONTHS = 12;

const READS_AT_ONCE = 16;

/**
 * Plans a backfill.
 *
 * @param input of a backfill; {@link parseBackfill} says what it may be.
 * @throws ConfigError or RequestError that names everything that is wrong, StorageError.
 */
export async function planBackfill(input: unknown, edge: Edge): Promise<BackfillPlan> {
  const { settings, request: backfill } = parseBoth(
    () => parseOutputSettings(edge.environment),
    () => parseBackfill(input, edge.now()),
  );
  const { request, months, lake } = backfill;
  const objects = await openBucket(settings.bucket, edge);
  const last = addMonths(monthOf(edge.now()), -1);
  const measured = new Set([...months, ...monthRange(addMonths(last, 1 - RECENT_MONTHS), last)]);
  const durations = new Map<Month, number>();
  await eachAtOnce([...measured], READS_AT_ONCE, async (month) => {
    const found = await findManifest(objects, settings.layout, request.definition, month);
    const took = found.state === "readable" ? found.manifest.durationMs : undefined;
    if (took !== undefined) durations.set(month, took);
  });
  return {
    input: backfillInputOf(backfill, months),
    pieces: piecesOf(months, durations).map((range) => newPiece(request, range, lake)),
  };
}

/**
 * The pieces, in order. A month that was never measured counts as the slowest one that was. If none was, each month is a
 * piece of its own.
 *
 * @param durations in milliseconds.
 */
export function piecesOf(
  months: readonly Month[],
  durations: ReadonlyMap<Month, number>,
): readonly MonthRange[] {
  const slowest = durations.size === 0 ? PIECE_MS : Math.max(...durations.values());
  const pieces: [Month, ...Month[]][] = [];
  for (const range of rangesOf(months)) {
    let took = Infinity;
    for (const month of range) {
      const more = durations.get(month) ?? slowest;
      const piece = pieces.at(-1);
      took += more;
      if (piece === undefined || took > PIECE_MS || piece.length === LONGEST_PIECE) {
        pieces.push([month]);
        took = more;
      } else {
        piece.push(month);
      }
    }
  }
  return pieces;
}
