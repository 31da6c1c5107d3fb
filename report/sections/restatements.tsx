/** What each restatement changed. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import { instant, longMonth } from "../dates";
import { formatChange, formatWhole } from "../decimal";
import type { FileChange, Restatement } from "../restatements";

export function Restatements({ restatements }: { restatements: readonly Restatement[] }): JSX.Element {
  if (restatements.length === 0) return <p>None: every month is as it was first published.</p>;
  return (
    <>
      {restatements.map(({ month, revision, publishedAt, replaced, files }) => (
        <article>
          <h3>
            {longMonth(month as Month)}, revision {revision}
          </h3>
          <p class="muted">
            Published on {instant(publishedAt)}, in place of revision {replaced.revision} of{" "}
            {instant(replaced.publishedAt)}.
          </p>
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
      return "no file before.";
    case "dropped":
      return "no file any more.";
    case "gone":
      return `can't be compared: the bucket no longer keeps the file of revision ${file.revision}.`;
    case "damaged":
      return `can't be compared: the file of revision ${file.revision} is not what the manifest says.`;
    case "changed": {
      const { before, after, branches } = file;
      const loans = formatChange(before.loanCount, after.loanCount, "loans", "as many loans");
      const total = formatChange(before.loanTotal, after.loanTotal, "in all", "the same amount in all");
      const rows =
        branches === undefined
          ? formatChange(BigInt(before.rowCount), BigInt(after.rowCount), "rows", "as many rows")
          : [
              `${formatWhole(branches.changed)} of ${formatWhole(before.rowCount)} branches changed`,
              ...(branches.added > 0 ? [`${formatWhole(branches.added)} added`] : []),
              ...(branches.dropped > 0 ? [`${formatWhole(branches.dropped)} dropped`] : []),
            ].join(", ");
      return `${rows}; in the month itself ${loans}, ${total}.`;
    }
  }
}
