/** The alarm for a missing month does what docs/runbook.md promises: its expression is evaluated here. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "../../support/root";
import { type Alarm, evaluate, isInAlarm, type Series } from "../../support/metric-math";

const [block = ""] =
  /resource "aws_cloudwatch_metric_alarm" "month_missing" \{.*?^\}/ms.exec(
    readFileSync(path.join(ROOT, "infra-terraform", "alarms.tf"), "utf8"),
  ) ?? [];

function setting(name: string): string {
  const [, value = ""] = new RegExp(`^ *${name} += "?(.*?)"?$`, "m").exec(block) ?? [];
  return value;
}

const HOUR = 1;
const DAY = 24 * HOUR;
const alarm: Alarm = {
  evaluationPeriods: Number(setting("evaluation_periods")),
  threshold: Number(setting("threshold")),
  missingIsBreaching: setting("treat_missing_data") === "breaching",
};

/** The hours of two weeks, in which verify ran at 09:00 and reported an age; `verified` says on which days. */
function ages(verified: (day: number) => boolean, firstAge = 1): (number | undefined)[] {
  return Array.from({ length: 14 * DAY }, (_, hour) =>
    hour % DAY === 9 && verified(Math.floor(hour / DAY)) ? firstAge + Math.floor(hour / DAY) : undefined,
  );
}

/** Whether the alarm is on at the end of each hour, for each number of periods that CloudWatch may look back. */
function states(age: Series): boolean[] {
  return age.map((_, hour) => {
    const missing = evaluate(setting("expression"), { age: age.slice(0, hour + 1) });
    const found = [0, 3, 24, 7 * DAY].map((lookBack) => isInAlarm(alarm, missing, lookBack));
    expect(new Set(found).size).toBe(1);
    return found[0] ?? false;
  });
}

it("the alarm for a missing month has periods of an hour", () => {
  expect(setting("period")).toBe("3600");
  expect(setting("comparison_operator")).toBe("GreaterThanOrEqualToThreshold");
  expect(alarm).toEqual({ evaluationPeriods: 48, threshold: 1, missingIsBreaching: true });
});

it("is silent while verify finds the month every day, up to the last day of a month of 31 days", () => {
  // The first two days have no history.
  expect(states(ages(() => true)).slice(2 * DAY)).not.toContain(true);
  expect(states(ages(() => true, 18)).slice(2 * DAY)).not.toContain(true);
});

it("is silent after one day without a verified month", () => {
  expect(states(ages((day) => day !== 7)).slice(2 * DAY)).not.toContain(true);
});

it("goes off 48 hours after the last verified month, within an hour", () => {
  const found = states(ages((day) => day <= 7)).slice(2 * DAY);
  expect(2 * DAY + found.indexOf(true)).toBe(7 * DAY + 9 + 48);
  expect(found.slice(found.indexOf(true))).not.toContain(false);
});

it("goes off while only older months are verified", () => {
  const found = states(ages(() => true, 40));
  expect(found.at(-1)).toBe(true);
});

it("ends when the month is verified again", () => {
  const found = states(ages((day) => day <= 7 || day === 12));
  expect(found[12 * DAY + 8]).toBe(true);
  expect(found[12 * DAY + 9]).toBe(false);
});

it("is on if no month was ever verified", () => {
  expect(states(ages(() => false)).at(-1)).toBe(true);
});
