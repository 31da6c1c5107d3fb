/** What each restatement changed. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import { instant, longMonth } from "../dates";
import { formatChange, formatWhole } from "../decimal";
import type { BranchChange, BranchChanges, FileChange, Restatement } from "../restatements";

export function Restatements({ restatements }: { restatements: readonly Restatement[] }): JSX.Element {
  if (restatements.length === 0) return <p>None: every month is as first published.</p>;
  return (
    <>
      {restatements.map(({ month, revision, publishedAt, isWithdrawal, by, reason, replaced, files }) => (
        <article>
          <h3>
            {longMonth(month as Month)}, revision {revision}
          </h3>
          <p class="muted">
            {isWithdrawal ? "Withdrawn" : "Published"} on {instant(publishedAt)}{" "}
            {by === undefined ? "by an unknown person or the schedule" : `by ${by}`}. It replaced revision{" "}
            {replaced.revision}, published on {instant(replaced.publishedAt)}.
          </p>
          <p>{reason === undefined ? "No reason was given." : `Reason: ${reason}`}</p>
          <ul>
            {files.map((file) => (
              <li>
                <strong>{file.bankName}</strong>: {changeInWords(file)}
                {file.what === "changed" && file.branches !== undefined && <Branches {...file.branches} />}
              </li>
            ))}
          </ul>
        </article>
      ))}
    </>
  );
}

function changeInWords(file: FileChange): string {
  switch (file.what) {
    case "same bytes":
      return "the same bytes as before.";
    case "added":
      return "new file.";
    case "dropped":
      return "file removed from the publication.";
    case "gone":
      return `can't be compared: the bucket no longer keeps the file of revision ${file.revision}.`;
    case "damaged":
      return `can't be compared: the file of revision ${file.revision} does not match the manifest.`;
    case "changed": {
      const { before, after, branches } = file;
      const loans = formatChange(before.loanCount, after.loanCount, "loans", "the same number of loans");
      const total = formatChange(before.loanTotal, after.loanTotal, "in total", "the same total amount");
      const rows =
        branches === undefined
          ? formatChange(BigInt(before.rowCount), BigInt(after.rowCount), "rows", "the same number of rows")
          : [
              `${formatWhole(branches.changed.length)} of ${formatWhole(before.rowCount)} branches changed`,
              ...(branches.added.length > 0 ? [`${formatWhole(branches.added.length)} added`] : []),
              ...(branches.dropped.length > 0 ? [`${formatWhole(branches.dropped.length)} dropped`] : []),
            ].join(", ");
      return `${rows}. In the month itself: ${loans}, ${total}.`;
    }
  }
}

/** More than these are only counted. */
const BRANCHES_SHOWN = 5;

/** Which branches changed, the largest change first, and which were added and dropped. */
function Branches({ changed, added, dropped }: BranchChanges): JSX.Element {
  const left = changed.length - BRANCHES_SHOWN;
  return (
    <ul class="small">
      {changed.slice(0, BRANCHES_SHOWN).map((branch) => (
        <li>
          Branch {branch.branchId}
          {branch.address !== "" && <span class="muted">, {branch.address}</span>}: {columnsInWords(branch)}
        </li>
      ))}
      {left > 0 && <li>{formatWhole(left)} more branches with smaller changes</li>}
      {added.length > 0 && <li>Added: {idsInWords(added)}</li>}
      {dropped.length > 0 && <li>Dropped: {idsInWords(dropped)}</li>}
    </ul>
  );
}

/** The columns that the others follow from. */
const MAIN_COLUMNS = ["loan_count", "loan_total", "moving_average_3m"];

function columnsInWords({ columns }: BranchChange): string {
  const shown = (value: string) => (value === "" ? "empty" : value);
  const main = columns.filter(({ name }) => MAIN_COLUMNS.includes(name));
  return (main.length > 0 ? main : columns)
    .map(({ name, before, after }) => `${name} ${shown(before)} → ${shown(after)}`)
    .join("; ");
}

function idsInWords(ids: readonly string[]): string {
  const left = ids.length - BRANCHES_SHOWN;
  return [...ids.slice(0, BRANCHES_SHOWN), ...(left > 0 ? [`${formatWhole(left)} more`] : [])].join(", ");
}
