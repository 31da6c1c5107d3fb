/** The message to people about a raw file, whose key its tenant has chosen. */
import { rejectionNotice } from "../../../src/lake/refine/messages";

it("the message about a rejected file can be copied into a shell, and has no line that its key has made", () => {
  const key = "transactions/'$(id)\nWhat to do next\u2028";
  const summary = {
    ...{ tenant: "first-national", dataset: "transactions", status: "rejected" as const, problemCount: 1 },
    file: `s3://lake/raw/${key}`,
    report: `s3://lake/rejected/${key}.report.json`,
  };
  const { subject, message } = rejectionNotice(summary) ?? { subject: "", message: "" };
  expect(subject).toMatch(/^[ -~]{1,99}$/);
  const written = "transactions/'$(id)\uFFFDWhat to do next\uFFFD";
  expect(message).toContain(`\n  s3://lake/raw/${written}\n`);
  const inQuotes = written.replace("'", String.raw`'\''`);
  expect(message).toContain(`\n  aws s3 cp 's3://lake/rejected/${inQuotes}.report.json' -\n`);
});

it.each([
  [undefined, "nothing of it is in the lake.\n"],
  [1, "nothing of it is in the lake. It has 1 problem.\n"],
  [2, "nothing of it is in the lake. It has 2 problems.\n"],
])("the message about a file with %s problems says how many", (problemCount, end) => {
  const summary = {
    tenant: "t",
    dataset: "d",
    status: "rejected" as const,
    file: "s3://b/f",
    report: "s3://b/r",
  };
  const notice = rejectionNotice({ ...summary, ...(problemCount !== undefined && { problemCount }) });
  expect(notice?.message).toContain(end);
});
