/**
 * The messages about a settled delivery. Machines get one for every outcome; people for a delivery that was rejected or
 * failed. Neither quotes a record or a value: names of clients are personal data.
 */
import { inOneLine, type Notice, subjectLine } from "../platform/lambda/notice";
import { type Arrival, type ObjectAddress } from "./arrival";
import { parseDeliveryName } from "./delivery";
import type { Problem } from "./result";
import { areaOf, type Failure, type FoundReport, type Outcome, type Report } from "./report";

/** States what holds, not what happened, so a repeated or late message can't mislead. */
export interface DeliveryMessage {
  readonly delivery: string;
  readonly outcome: Outcome;
  readonly key: string;
  readonly bank?: string;
  readonly feed?: string;
  readonly businessTime?: string;
  readonly counts?: Report["counts"];
  readonly rejectedRecords: number;
  readonly problemCount: number;
  readonly report: { readonly bucket: string; readonly key: string; readonly versionId: string | null };
  /** The accepted rows; missing unless this delivery was loaded. */
  readonly stage?: Report["stage"];
  readonly settledAt: string;
}

export function messageOf({ key, version, report }: FoundReport, bucket: string): DeliveryMessage {
  const { delivery, outcome, bank, feed, businessTime, counts, rejectedRecords, problemCount, stage } =
    report;
  return {
    delivery,
    outcome,
    key: report.key,
    ...(bank !== undefined && { bank, feed, businessTime }),
    ...(counts && { counts }),
    rejectedRecords,
    problemCount,
    report: { bucket, key, versionId: version.versionId },
    ...(stage && { stage }),
    settledAt: report.settledAt,
  };
}

/** The e-mail about a delivery that was not loaded, undefined for one that was. */
export function noticeOf({ key, report }: FoundReport, bucket: string): Notice | undefined {
  if (areaOf(report.outcome) === "archive") return undefined;
  const label = labelOf(report.key);
  const what = report.outcome === "rejected" ? rejection(report) : failed(report.failure);
  return {
    subject: subjectOf(label, report.outcome),
    message: `${verdict(report, label)}

${what}

What to do next
  The report has every problem, with its line and the record as it came:

  aws s3 cp s3://${bucket}/${key} -

  ${nextStep(report)}

Where the file is
  s3://${bucket}/${report.file.key}
`,
  };
}

function subjectOf(label: string, what: string): string {
  return subjectLine(`[bank-batch] ${label.replaceAll(",", "")} ${what}`);
}

/** A delivery that failed with counts was loaded, and failed at a later step. */
function verdict({ outcome, counts }: Report, label: string): string {
  if (counts !== undefined) {
    return `The delivery ${label} is loaded, but a later step has failed: it is not archived.`;
  }
  const what = outcome === "rejected" ? "was rejected" : "was not loaded";
  return `The delivery ${label} ${what}. Nothing of it is in the database.`;
}

function nextStep({ outcome, raw }: Report): string {
  return outcome === "rejected"
    ? "Send it to the bank, which corrects the file and delivers it again under the same name or a newer one."
    : `When the cause is mended, take the delivery again; it is never loaded twice:

  npx bank-batch intake --replay ${raw.key}`;
}

/** The first problems, by lines. A reason has no value of the record, unlike the record itself. */
function rejection({ problems, problemCount, figures = [] }: Report): string {
  // The problem with a wrong name quotes the key.
  const shown = problems.slice(0, 10).map((problem) => `  ${inOneLine(describeProblem(problem))}`);
  const more = problemCount > shown.length ? [`  … and ${problemCount - shown.length} more`] : [];
  const compared = figures.map(
    ({ name, stated, found = "unknown" }) => `  ${name}: stated ${stated}, found ${found}`,
  );
  const totals = compared.length === 0 ? [] : ["", "What the file states of itself", ...compared];
  return ["What is wrong with it", ...shown, ...more, ...totals].join("\n");
}

/** A problem in one line, without the record. */
export function describeProblem({ line, column, reason }: Problem): string {
  const where = line === undefined ? "the file" : `line ${line}`;
  return `${where}${column === undefined ? "" : `, ${column}`}: ${reason}`;
}

function failed(failure: Failure | undefined): string {
  return `What happened\n  ${failure?.name ?? "Error"}: ${(failure?.message ?? "").replaceAll("\n", "\n  ")}`;
}

/** The e-mail about a file that could not even be received: nothing but its own object exists. */
export function lostNotice({ key, landing }: Arrival, failure: Failure | undefined): Notice {
  const label = labelOf(key);
  return {
    subject: subjectOf(label, "not received"),
    message: `The delivery ${label} could not be received. Nothing of it is in the database.

${failed(failure)}

Where the file is
  ${landing === undefined ? inOneLine(key) : describe(landing)}
`,
  };
}

function describe({ bucket, key, versionId }: ObjectAddress): string {
  return `s3://${bucket}/${inOneLine(key)}, version ${versionId}`;
}

function labelOf(key: string): string {
  const name = parseDeliveryName(key);
  return "problem" in name ? inOneLine(key) : `${name.feed} of ${name.bank}, ${name.businessTime},`;
}
