/** The input of a run: one schema for the Lambda's event, `serverless invoke --data` and the command line's flags. */
import * as v from "valibot";

import { type Motive, motiveOf } from "../platform/publication/manifest";
import type { ExtractDefinition } from "./definition";
import { RequestError } from "../platform/errors";
import { defaultExtract, extractNamed, extractNames } from "./definitions";
import {
  addMonths,
  firstDayOf,
  hasEnded,
  isMonth,
  lastDayOf,
  type Month,
  monthOf,
  monthRange,
} from "../platform/month";

export interface Request {
  readonly definition: ExtractDefinition;
  /** In order and without gaps. */
  readonly months: readonly [Month, ...Month[]];
  /** Whether a published month may change. */
  readonly restate: boolean;
  /** Whether a month without any data may be published. */
  readonly allowEmpty: boolean;
  /** Whether to do everything except publish. */
  readonly dryRun: boolean;
  /** Whether to say what would change, row by row; nothing is published. */
  readonly diff: boolean;
  /** Who restates and why, for the manifest. */
  readonly motive: Motive;
}

/** Years before are typing errors, such as 0206 for 2026, or placeholders, such as 0001: no bank has older loans. */
const FIRST_MONTH = "1900-01" as Month;

const month = v.pipe(
  v.string("expected a month as YYYY-MM"),
  v.check(
    isMonth,
    (issue) => `expected a month as YYYY-MM, such as 2026-09, not ${JSON.stringify(issue.input)}`,
  ),
  v.transform((text) => text as Month),
  v.check(
    (each) => each >= FIRST_MONTH,
    (issue) => `expected a month from ${FIRST_MONTH} on, not ${issue.input}`,
  ),
);

const instant = v.pipe(
  v.string("expected a time in ISO 8601, such as 2026-10-01T03:00:00Z"),
  v.isoTimestamp((issue) => `expected a time in ISO 8601 with its zone, not ${JSON.stringify(issue.input)}`),
  // JavaScript takes the 31st of February for the 3rd of March.
  v.check(
    (text) => isMonth(text.slice(0, 7)) && text.slice(0, 10) <= lastDayOf(text.slice(0, 7) as Month),
    (issue) => `expected a day that exists, not ${JSON.stringify(issue.input)}`,
  ),
  v.transform((text) => new Date(text)),
  v.check(
    (date) => date >= new Date(firstDayOf(addMonths(FIRST_MONTH, 1))),
    `expected a time after ${FIRST_MONTH}, the first month that can be asked for`,
  ),
);

const extract = v.pipe(
  v.string(`expected an extract's name: ${extractNames.join(" or ")}`),
  v.check(
    (name) => extractNamed(name) !== undefined,
    (issue) => `expected ${extractNames.join(" or ")}, not ${JSON.stringify(issue.input)}`,
  ),
);

const words = v.pipe(
  v.string("expected a text"),
  v.trim(),
  v.nonEmpty("expected a text that is not empty"),
  v.maxLength(500, "expected at most 500 characters"),
);

const inputKeys = {
  extract: v.optional(extract, defaultExtract.name),
  month: v.optional(month),
  from: v.optional(month),
  to: v.optional(month),
  scheduledTime: v.optional(instant),
  restate: v.optional(v.boolean("expected true or false"), false),
  allowEmpty: v.optional(v.boolean("expected true or false"), false),
  dryRun: v.optional(v.boolean("expected true or false"), false),
  diff: v.optional(v.boolean("expected true or false"), false),
  reason: v.optional(words),
  by: v.optional(words),
};

const input = v.objectWithRest(
  inputKeys,
  v.never(`unknown key; known are ${Object.keys(inputKeys).join(", ")}`),
  'expected a JSON object such as {"month": "2026-09"}',
);

/**
 * The event that EventBridge sends for a schedule without an input of its own.
 * Source: Amazon EventBridge User Guide, "Creating a rule that runs on a schedule".
 */
const scheduledEvent = v.looseObject({ "detail-type": v.literal("Scheduled Event"), time: instant });

/**
 * Checks the input of a run. A scheduled run extracts the month before the **event's own time**, so a retry days later
 * makes the same month.
 *
 * @param now only serves to refuse a month that has not ended in UTC.
 * @throws RequestError that names everything that is wrong.
 */
export function parseRequest(event: unknown, now: Date): Request {
  const scheduled = v.safeParse(scheduledEvent, event);
  const parsed = v.safeParse(
    input,
    scheduled.success ? { scheduledTime: scheduled.output.time.toISOString() } : event,
  );
  if (!parsed.success) {
    throw refused(
      parsed.issues.map((issue) => {
        const key = v.getDotPath(issue);
        return key === null ? issue.message : `${key}: ${issue.message}`;
      }),
    );
  }

  const months = requestedMonths(parsed.output);
  const unfinished = months.filter((each) => !hasEnded(each, now));
  if (unfinished.length > 0) {
    const last = addMonths(monthOf(now), -1);
    throw refused([`${unfinished.join(", ")} has not ended (UTC); the last month that has is ${last}`]);
  }
  const { extract: name, restate, allowEmpty, dryRun, diff, by, reason } = parsed.output;
  if (!restate && (by !== undefined || reason !== undefined)) {
    throw refused(["reason and by are for restate: only a change of a published month has a reason"]);
  }
  const definition = extractNamed(name) ?? defaultExtract;
  const motive = motiveOf({ by, reason });
  // What would change is what a restatement would change, whether it is allowed or not.
  return {
    ...{ definition, months, allowEmpty, motive, diff: diff || (restate && dryRun) },
    ...{ restate: restate || diff, dryRun: dryRun || diff },
  };
}

/** The input that asks for this. */
export function inputOf(request: Request): Readonly<Record<string, unknown>> {
  const { months } = request;
  const asked = months.length === 1 ? { month: months[0] } : { from: months[0], to: months.at(-1) };
  const { extract: name, ...options } = optionsOf(request);
  return { ...(name !== undefined && { extract: name }), ...asked, ...options };
}

/** The part of an input that doesn't name months. */
export function optionsOf({
  definition,
  restate,
  motive,
  allowEmpty,
  dryRun,
  diff,
}: Request): Readonly<Record<string, unknown>> {
  return {
    ...(definition !== defaultExtract && { extract: definition.name }),
    ...(restate && { restate }),
    ...(allowEmpty && { allowEmpty }),
    ...(dryRun && { dryRun }),
    ...(diff && { diff }),
    ...motiveOf(motive),
  };
}

function requestedMonths(asked: v.InferOutput<typeof input>): [Month, ...Month[]] {
  const { month, from, to, scheduledTime } = asked;
  const ways = [month, from ?? to, scheduledTime].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw refused([
      `expected one of month, from with to, or scheduledTime, but got ${ways === 0 ? "none" : "several"}`,
    ]);
  }
  if (month !== undefined) return [month];
  if (scheduledTime !== undefined) return [addMonths(monthOf(scheduledTime), -1)];
  if (from === undefined || to === undefined) {
    throw refused([`${from === undefined ? "from" : "to"} is missing: a range needs both from and to`]);
  }
  const [first, ...rest] = monthRange(from, to);
  if (first === undefined) throw refused([`from (${from}) is after to (${to})`]);
  return [first, ...rest];
}

function refused(problems: string[]): RequestError {
  return new RequestError(`wrong input: ${problems.join("; ")}`, {
    hint: 'Ask for one closed month, {"month": "2026-09"}, or a range, {"from": "2026-01", "to": "2026-06"}.',
    onTerminal: "Ask for one closed month, --month 2026-09, or a range, --from 2026-01 --to 2026-06.",
  });
}
