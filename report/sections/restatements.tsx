/** What each restatement changed. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import { instant, longMonth } from "../dates";
import { formatChange, formatWhole } from "../decimal";
import type { FileChange, Restatement } from "../restatements";

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
            {isWithdrawal ? "Withdrawn" : "Published"} on {instant(publishedAt)}
            {by === undefined ? "" : ` by ${by}`}. It replaced revision {replaced.revision}, published on{" "}
            {instant(replaced.publishedAt)}.
          </p>
          <p>{reason === undefined ? "No reason was given." : `Reason: ${reason}`}</p>
          <ul>
            {files.map((file) => (
              <li>
                <strong>{file.bankName}</strong>: {changeInWords(file)}
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
              `${formatWhole(branches.changed)} of ${formatWhole(before.rowCount)} branches changed`,
              ...(branches.added > 0 ? [`${formatWhole(branches.added)} added`] : []),
              ...(branches.dropped > 0 ? [`${formatWhole(branches.dropped)} dropped`] : []),
            ].join(", ");
      return `${rows}. In the month itself: ${loans}, ${total}.`;
    }
  }
}
