/** What the messages in the lake's queue ask for, and what the lake says of a month. */
import { announcementOf, messageOf, queuedMessages, requestedBy } from "../../../src/lake/announcement";
import { pipelineDatasets } from "../../../src/lake/datasets";
import { machineMessage, rejectionNotice } from "../../../src/lake/refine/messages";
import type { Month } from "../../../src/platform/month";

const now = new Date("2026-10-05T10:00:00Z");
const asked = (content: unknown) => requestedBy(JSON.stringify(content), now);
const months = (content: unknown) => {
  const found = asked(content);
  if (found === undefined || !("months" in found)) return found;
  const { datasets, ...others } = found.months;
  return { datasets: datasets.map(({ name }) => name), ...others };
};

describe("a message in the queue", () => {
  it("of the extract asks for the month that it announces", () => {
    const message = { extract: "loan_detail", month: "2026-09", revision: 3, files: [] };
    const expected = { datasets: ["loan_detail"], months: ["2026-09"], remake: false };
    expect(months(message)).toEqual(expected);
    expect(months({ Type: "Notification", MessageId: "1", Message: JSON.stringify(message) })).toEqual(
      expected,
    );
  });

  it("of an extract without a dataset asks for nothing", () => {
    expect(asked({ extract: "other", month: "2026-09" })).toBeUndefined();
    // It has the name of a feed.
    expect(asked({ extract: "loans", month: "2026-09" })).toBeUndefined();
  });

  it.each([
    ["loaded", true],
    ["unchanged", true],
    ["rejected", false],
    ["failed", false],
  ])("of intake about a delivery that is %s asks for it: %s", (outcome, isAsked) => {
    const report = { bucket: "intake", key: "archive/a.report.json" };
    const message = { delivery: "a", outcome, report, more: 1 };
    expect(asked(message)).toEqual(isAsked ? { report } : undefined);
  });

  it("by hand asks for months as an input does", () => {
    expect(months({ from: "2026-08", to: "2026-09", dataset: "loans", remake: true })).toEqual({
      ...{ datasets: ["loans"], months: ["2026-08", "2026-09"], remake: true },
    });
    expect(months({ all: true })).toMatchObject({
      ...{ datasets: pipelineDatasets.map(({ name }) => name), months: undefined },
    });
  });

  it.each([
    { extract: "loan_detail", month: "2026-13" },
    { extract: "loan_detail", month: 9 },
    { extract: 1, month: "2026-09" },
    { delivery: "a", outcome: "lost", report: { bucket: "b", key: "k" } },
    { delivery: "a", outcome: "loaded", report: { bucket: "b" } },
    { Type: "Other", Message: '{"all":true}' },
    { Type: "Notification", Message: '"text"' },
  ])("like %j is refused", (content) => {
    expect(() => asked(content)).toThrow("wrong input: ");
  });

  it("that is not JSON is refused", () => {
    expect(() => requestedBy("no JSON", now)).toThrow(SyntaxError);
    expect(() => asked({ Type: "Notification", Message: "no JSON" })).toThrow(SyntaxError);
  });
});

describe("an event", () => {
  const record = { eventSource: "aws:sqs", messageId: "1", body: "a" };

  it("of SQS has messages", () => {
    const Records = [record, { ...record, messageId: "2", body: "b", receiptHandle: "x" }];
    expect(queuedMessages({ Records, more: 1 })).toEqual([
      { id: "1", body: "a" },
      { id: "2", body: "b" },
    ]);
    expect(queuedMessages({ Records: [] })).toEqual([]);
  });

  it.each<[unknown]>([
    [undefined],
    [{ month: "2026-09" }],
    [{ Records: [{ ...record, eventSource: "aws:sns" }] }],
    [{ Records: [{ ...record, messageId: 1 }] }],
    [{ Records: [{ ...record, body: {} }] }],
    [{ Records: [record, {}] }],
  ])("%j is no batch of SQS", (event) => {
    expect(queuedMessages(event)).toBeUndefined();
  });
});

it("a month is announced with its state and the files that there are, in one line of subject", () => {
  const month = {
    ...{ schemaVersion: 1 as const, dataset: "loan_detail", month: "2026-09" as Month },
    ...{ state: "withdrawn" as const, revision: 4, manifest: "m", runId: "run-1", recordedAt: "now" },
    objects: [{ tenant: "first", bucket: "lake-first", key: "a.parquet", rowCount: 7 }],
  };
  const announcement = announcementOf(month);
  expect(announcement).toEqual({
    ...{ dataset: "loan_detail", month: "2026-09", state: "withdrawn", revision: 4, runId: "run-1" },
    objects: [{ tenant: "first", uri: "s3://lake-first/a.parquet", rowCount: 7 }],
  });
  expect(messageOf(announcement)).toEqual({
    subject: "loan_detail 2026-09 withdrawn, revision 4",
    message: JSON.stringify(announcement),
  });
});

describe("a message about a raw file", () => {
  const summary = {
    ...{ tenant: "first", dataset: "transactions", status: "rejected" as const },
    ...{ file: "s3://lake/raw/transactions/new/a.csv", report: "s3://lake/rejected/a.report.json" },
  };

  it("for machines has the outcome and the run, and the file's name in its subject", () => {
    expect(machineMessage(summary, "run-1")).toEqual({
      subject: "transactions rejected: a.csv",
      message: JSON.stringify({ ...summary, runId: "run-1" }),
    });
    expect(machineMessage({ ...summary, dataset: undefined }, "run-1").subject).toBe(
      "raw file rejected: a.csv",
    );
  });

  it("for people is there for a rejected file alone", () => {
    expect(rejectionNotice(summary)?.subject).toBe("[bank-batch] first: a.csv rejected");
    expect(rejectionNotice({ ...summary, status: "accepted" })).toBeUndefined();
    const { report: _, ...without } = summary;
    expect(rejectionNotice(without)).toBeUndefined();
  });
});
