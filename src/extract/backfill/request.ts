/** The input of a backfill: many months, which several runs extract. */
import * as v from "valibot";

import { RequestError } from "../../platform/errors";
import { addMonths, type Month } from "../../platform/month";
import { optionsOf, parseRequest, type Request } from "../request";

export interface BackfillRequest {
  /** What the runs are asked for; its months may have gaps in between that the backfill leaves out. */
  readonly request: Request;
  /** Each once, in order. */
  readonly months: readonly [Month, ...Month[]];
  /** Whether the lake should have the months as well. */
  readonly lake: boolean;
}

/** As JSON: {@link parseBackfill} takes it. */
export type BackfillInput = Readonly<Record<string, unknown>>;

/** Twenty years. What the state machine passes on about that many months fits its limit of 256 KiB. */
export const MOST_MONTHS = 240;

const flag = v.optional(v.boolean("expected true or false"), false);

const inputKeys = {
  months: v.optional(v.pipe(v.array(v.string()), v.minLength(1, "expected at least one month"))),
  from: v.optional(v.string()),
  to: v.optional(v.string()),
  lake: flag,
  extract: v.optional(v.string()),
  restate: flag,
  allowEmpty: flag,
  reason: v.optional(v.string()),
  by: v.optional(v.string()),
};

const input = v.objectWithRest(
  inputKeys,
  v.never(`unknown key; known are ${Object.keys(inputKeys).join(", ")}`),
  "expected a JSON object",
);

/**
 * Checks the input of a backfill: `{"from", "to"}` or `{"months": ["2024-03", "2025-01"]}`, with `extract`, `restate`,
 * `allowEmpty`, `reason`, `by` as for a run, and `lake`.
 *
 * @throws RequestError that names everything that is wrong.
 */
export function parseBackfill(event: unknown, now: Date): BackfillRequest {
  const parsed = v.safeParse(input, event);
  if (!parsed.success) {
    throw refused(
      parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "input"}: ${issue.message}`).join("; "),
    );
  }
  const { months: asked, lake, from, to, ...rest } = parsed.output;
  if ((asked === undefined) === (from === undefined && to === undefined)) {
    throw refused("expected either from with to, or months");
  }
  const listed = asked === undefined ? undefined : [...new Set(asked)].sort();
  const span = listed === undefined ? { from, to } : { from: listed[0], to: listed.at(-1) };
  const request = parseRequest({ ...rest, ...span }, now);
  const [first, ...others] = request.months.filter((month) => listed?.includes(month) ?? true);
  const count = others.length + 1;
  if (first === undefined || (listed !== undefined && count !== listed.length)) {
    throw refused("months: expected months as YYYY-MM, such as 2026-09");
  }
  if (count > MOST_MONTHS) throw refused(`${count} months are too many at once: at most ${MOST_MONTHS}`);
  return { request, months: [first, ...others], lake };
}

/** The input that asks for these months of a backfill. */
export function backfillInputOf(
  { request, lake }: Pick<BackfillRequest, "request" | "lake">,
  months: readonly Month[],
): BackfillInput {
  const [range, ...others] = rangesOf(months);
  const asked = others.length === 0 && range !== undefined ? spanOf(range) : { months };
  return { ...asked, ...optionsOf(request), ...(lake && { lake }) };
}

/** Months without gaps. */
export type MonthRange = readonly [Month, ...Month[]];

export function spanOf(range: MonthRange): { readonly from: Month; readonly to: Month } {
  return { from: range[0], to: range.at(-1) ?? range[0] };
}

/** The ranges without gaps that months in order consist of. */
export function rangesOf(months: readonly Month[]): MonthRange[] {
  const ranges: [Month, ...Month[]][] = [];
  for (const month of months) {
    const range = ranges.at(-1);
    const last = range?.at(-1);
    if (range !== undefined && last !== undefined && addMonths(last, 1) === month) range.push(month);
    else ranges.push([month]);
  }
  return ranges;
}

function refused(problem: string): RequestError {
  return new RequestError(`wrong input: ${problem}`, {
    hint: 'Ask for a range, {"from": "2021-01", "to": "2025-12"}, or for single months, {"months": ["2024-03", "2025-01"]}.',
  });
}
