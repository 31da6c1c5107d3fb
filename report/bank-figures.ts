/** A bank's figures month by month, as the page shows and compares them. */
import type { Month } from "../src/platform/month";
import type { Hundredths } from "./decimal";

export interface BankFigures {
  /** Undefined for all banks together. */
  readonly id: number | undefined;
  readonly name: string;
  /** One per month of the range. */
  readonly points: readonly BankPoint[];
}

/** Each figure is undefined if nothing is published, or the bank's file is missing or damaged. */
export interface BankPoint {
  readonly month: Month;
  /** The sum of the amounts of the month's loans. */
  readonly amount: bigint | undefined;
  /** The number of the month's loans. */
  readonly loans: bigint | undefined;
  /** The moving average; undefined also if nothing is lent, or the file does not determine it. */
  readonly average: Hundredths | undefined;
  readonly windowLoanCount: bigint | undefined;
}

/** What is compared between months. */
export const measures = ["amount", "loans", "average"] as const;
export type Measure = (typeof measures)[number];

/** The newest published month of the range, beside the month before and the same month of the year before. */
export interface Overview {
  readonly month: Month;
  readonly monthBefore: Month;
  readonly yearBefore: Month;
  readonly all: OverviewLine;
  /** Ordered by id. */
  readonly banks: readonly OverviewLine[];
}

export interface OverviewLine {
  /** Undefined for all banks together. */
  readonly id: number | undefined;
  readonly name: string;
  readonly now: BankPoint;
  readonly monthBefore: BankPoint;
  readonly yearBefore: BankPoint;
}
