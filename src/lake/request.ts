/** The input of a run of the lake: one schema for the Lambda's event, `serverless invoke --data` and the command line. */
import * as v from "valibot";

import { RequestError } from "../platform/errors";
import { addMonths, hasEnded, isMonth, type Month, monthOf, monthRange } from "../platform/month";
import type { Dataset } from "./dataset";
import { datasetNamed, datasetNames, datasets } from "./datasets";

export interface LakeRequest {
  readonly datasets: readonly Dataset[];
  /** In order; undefined for all months that are published. */
  readonly months: readonly Month[] | undefined;
  /** Whether to make files again that are there. */
  readonly remake: boolean;
}

const month = v.pipe(
  v.string("expected a month as YYYY-MM"),
  v.check(
    isMonth,
    (issue) => `expected a month as YYYY-MM, such as 2026-09, not ${JSON.stringify(issue.input)}`,
  ),
  v.transform((text) => text as Month),
);

const inputKeys = {
  dataset: v.optional(v.picklist(datasetNames, `expected ${datasetNames.join(" or ")}`)),
  month: v.optional(month),
  from: v.optional(month),
  to: v.optional(month),
  all: v.optional(v.literal(true, "expected true")),
  remake: v.optional(v.boolean("expected true or false"), false),
};

const input = v.objectWithRest(
  inputKeys,
  v.never(`unknown key; known are ${Object.keys(inputKeys).join(", ")}`),
  'expected a JSON object such as {"month": "2026-09"}',
);

/** @throws RequestError that names everything that is wrong. */
export function parseLakeRequest(event: unknown, now: Date): LakeRequest {
  const parsed = v.safeParse(input, event);
  if (!parsed.success) {
    throw refused(
      parsed.issues.map((issue) => {
        const key = v.getDotPath(issue);
        return key === null ? issue.message : `${key}: ${issue.message}`;
      }),
    );
  }
  const { dataset, remake } = parsed.output;
  const named = dataset === undefined ? undefined : datasetNamed(dataset);
  return { datasets: named === undefined ? datasets : [named], months: monthsOf(parsed.output, now), remake };
}

function monthsOf(asked: v.InferOutput<typeof input>, now: Date): readonly Month[] | undefined {
  const { month: single, from, to, all } = asked;
  const ways = [single, from ?? to, all].filter((way) => way !== undefined).length;
  if (ways !== 1)
    throw refused([
      `expected one of month, from with to, or all, but got ${ways === 0 ? "none" : "several"}`,
    ]);
  if (all) return undefined;
  const [first, last] = single === undefined ? [from, to] : [single, single];
  if (first === undefined || last === undefined)
    throw refused([`${first === undefined ? "from" : "to"} is missing: a range needs both from and to`]);
  const months = monthRange(first, last);
  if (months.length === 0) throw refused([`from (${first}) is after to (${last})`]);
  const unfinished = months.filter((each) => !hasEnded(each, now));
  if (unfinished.length > 0) {
    const lastClosed = addMonths(monthOf(now), -1);
    throw refused([`${unfinished.join(", ")} has not ended (UTC); the last month that has is ${lastClosed}`]);
  }
  return months;
}

function refused(problems: readonly string[]): RequestError {
  return new RequestError(`wrong input: ${problems.join("; ")}`, {
    hint: 'Ask for one closed month, {"month": "2026-09"}, a range, {"from": "2026-01", "to": "2026-06"}, or {"all": true}.',
    onTerminal: "Ask for one closed month, --month 2026-09, a range, --from 2026-01 --to 2026-06, or --all.",
  });
}
