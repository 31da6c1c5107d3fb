/** What `status` says beside its calendar, and when the next run is due. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { outlook } from "../../../cli/outlook";
import { dueOf, nextMonth, SCHEDULE } from "../../../src/extract/schedule";
import type { MonthStatusInRange } from "../../../src/extract/statuses";
import type { Month } from "../../../src/platform/month";
import { ROOT } from "../../support/root";

const extract = "loan_moving_average";

function month(text: string, status: MonthStatusInRange["status"], more: object = {}): MonthStatusInRange {
  return { month: text as Month, status, manifest: "", files: [], problems: [], ...more };
}

it("the schedule is that of serverless.yml", () => {
  const { functions } = parse(readFileSync(path.join(ROOT, "serverless.yml"), "utf8")) as {
    functions: { extract: { events: { schedule?: { rate: string } }[] } };
  };
  const rates = functions.extract.events.flatMap(({ schedule }) => schedule?.rate ?? []);
  const { minute, hour, day } = SCHEDULE;
  expect(rates).toEqual([`cron(${minute} ${hour} ${day} * ? *)`]);
});

it.each([
  ["2026-11-01T02:59:59Z", "2026-10", "2026-11-01T03:00:00.000Z"],
  ["2026-11-01T03:00:00Z", "2026-11", "2026-12-01T03:00:00.000Z"],
  ["2026-12-31T23:59:59Z", "2026-12", "2027-01-01T03:00:00.000Z"],
])("at %s, the next run is for %s and due at %s", (now, next, due) => {
  expect(nextMonth(new Date(now))).toBe(next);
  expect(dueOf(next as Month).toISOString()).toBe(due);
});

it("what to look into comes with a command, and the sum with its parts", () => {
  const file = { bankId: 1, bankName: "First", key: "k", status: "unverified" as const };
  const months = [
    month("2026-08", "published", {
      files: [file],
      problems: ["k: the key no longer holds the published version"],
    }),
    month("2026-09", "published", { stale: true }),
    month("2026-10", "missing"),
  ];
  const { lines, summary, next } = outlook(extract, months, new Date("2026-11-20T12:00:00Z"));
  expect(lines).toEqual([
    "k: the key no longer holds the published version",
    "  npx bank-batch verify --month 2026-08",
    "2026-09 is stale: an earlier month of its window was restated later.",
    "  npx bank-batch extract --month 2026-09 --diff",
    "2026-10 was due on 2026-11-01 03:00 UTC.",
    "  npx bank-batch extract --month 2026-10",
    "The schedule's next run is due on 2026-12-01 03:00 UTC, for 2026-11.",
  ]);
  expect(summary).toBe("3 months: 2 published, 1 missing, 1 stale; 1 files unverified");
  expect(next).toEqual({ month: "2026-11", due: "2026-12-01T03:00:00.000Z" });
});
