/** The messages about a raw file: machines get one for each outcome, people one for a rejection. None quotes a record. */
import { inOneLine, type Notice, subjectLine } from "../../platform/lambda/notice";
import { quoted } from "../../platform/shell";
import type { RawSummary } from "./raw-file";

/** States what holds, not what happened: a message may come twice. */
export function machineMessage(summary: RawSummary, runId: string): Notice {
  const { dataset, file, status } = summary;
  return {
    subject: subjectLine(`${dataset ?? "raw file"} ${status}: ${nameOf(file)}`),
    message: JSON.stringify({ ...summary, runId }),
  };
}

/** Undefined unless the file was rejected. */
export function rejectionNotice({
  tenant,
  file,
  status,
  report,
  problemCount,
}: RawSummary): Notice | undefined {
  if (status !== "rejected" || report === undefined) return undefined;
  const problems =
    problemCount === undefined
      ? ""
      : ` It has ${problemCount} ${problemCount === 1 ? "problem" : "problems"}.`;
  return {
    subject: subjectLine(`[bank-batch] ${tenant}: ${nameOf(file)} rejected`),
    message: `A file of the tenant ${tenant} is not right, and nothing of it is in the lake.${problems}

What to do next
  The report has every problem, with its line and the record:

  aws s3 cp ${quoted(inOneLine(report))} -

  The tenant corrects the file and writes it again under the same name.

Where the file is
  ${inOneLine(file)}
`,
  };
}

function nameOf(file: string): string {
  return file.replace(/^.*\//, "");
}
