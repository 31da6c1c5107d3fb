/** The message to people at the end of a backfill, and the same on a terminal. */
import { subjectLine, type Notice } from "../../platform/lambda/notice";
import type { Month } from "../../platform/month";
import { quoted } from "../../platform/shell";
import { defaultExtract } from "../definitions";
import { type BackfillInput, rangesOf, spanOf } from "./request";
import type { BackfillSummary } from "./summary";

/** Where a backfill ran. */
export interface Place {
  /** The deployment stage. */
  readonly stage: string;
  /** The execution's ARN. */
  readonly execution: string;
}

export function noticeOf(summary: BackfillSummary, { stage, execution }: Place): Notice {
  return {
    subject: subjectLine(`[bank-batch ${stage}] ${headline(summary)}`),
    message: `${summaryText(summary, stage)}
Where to look
  Execution ${execution}
`,
  };
}

/** `The backfill of loan_detail, 2021-01 to 2025-12: 58 months done, 2 not`. */
function headline({ input, done, notPlanned, failed, notInLake }: BackfillSummary): string {
  const extract = typeof input["extract"] === "string" ? input["extract"] : defaultExtract.name;
  if (notPlanned !== undefined) return `The backfill of ${extract} was not planned: ${notPlanned.error}`;
  const missing =
    failed.length === 0 ? "" : `, ${failed.length} ${failed.length === 1 ? "range" : "ranges"} failed`;
  const lake = notInLake.length === 0 ? "" : `, ${notInLake.length} not in the lake`;
  return `The backfill of ${extract}: ${done.length} ${done.length === 1 ? "month" : "months"} done${missing}${lake}`;
}

/**
 * @param stage of the state machine that should go on; undefined to go on in a terminal.
 */
export function summaryText(summary: BackfillSummary, stage: string | undefined): string {
  const { done, failed, notInLake, notPlanned, goOn } = summary;
  const sections = [
    ["Done", doneLines(done)],
    ["Failed", failed.map(({ from, to, error, message }) => `${span(from, to)}  ${error}: ${message}`)],
    [
      "Done, but not in the lake",
      notInLake.map(({ month, error }) => `${month}  ${error}; the lake's log has more`),
    ],
    ["What happened", notPlanned === undefined ? [] : [`${notPlanned.error}: ${notPlanned.message}`]],
    [
      "What to do next",
      goOn === undefined
        ? []
        : [
            "docs/runbook.md says what each error means. When the cause is gone, go on:",
            "",
            commandOf(goOn, stage),
            ...(stage === undefined ? [] : ["", `The state machine's input is ${JSON.stringify(goOn)}`]),
          ],
    ],
  ] as const;
  const shown = sections.filter(([, lines]) => lines.length > 0);
  return [
    `${headline(summary)}.\n`,
    ...shown.map(([title, lines]) => `${title}\n${lines.map(indented).join("\n")}\n`),
  ].join("\n");
}

function indented(line: string): string {
  return line === "" ? "" : `  ${line.replaceAll("\n", "\n  ")}`;
}

/** A line for each range of months with the same outcome. */
function doneLines(done: BackfillSummary["done"]): string[] {
  const outcomes = [...new Set(done.map(({ status }) => status))];
  return outcomes.flatMap((outcome) => {
    const months = done.filter(({ status }) => status === outcome).map(({ month }) => month);
    return rangesOf(months.sort()).map((range) => {
      const { from, to } = spanOf(range);
      return `${span(from, to)}  ${outcome}`;
    });
  });
}

function span(from: Month, to: Month): string {
  return from === to ? from : `${from} to ${to}`;
}

/** The flags of an input, in the order in which `npx bank-batch backfill --help` has them. */
const flags = {
  extract: "--extract",
  months: "--months",
  from: "--from",
  to: "--to",
  restate: "--restate",
  reason: "--reason",
  by: "--by",
  allowEmpty: "--allow-empty",
  lake: "--lake",
} as const;

/** The command that asks for an input. */
export function commandOf(input: BackfillInput, stage: string | undefined): string {
  const words = Object.entries(flags).flatMap(([key, flag]) => {
    const value = input[key];
    if (value === true) return [flag];
    const words = Array.isArray(value) ? value.join(",") : value;
    return typeof words === "string" ? [flag, shellWord(words)] : [];
  });
  return ["npx bank-batch backfill", ...words, ...(stage === undefined ? [] : ["--stage", stage])].join(" ");
}

function shellWord(word: string): string {
  return /^[\w.,-]+$/.test(word) ? word : quoted(word);
}
