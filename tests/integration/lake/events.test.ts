/** The lake's Lambda: announcements that come twice, late, in another order or not at all end in the same lake. */
import type { Context, SQSBatchResponse } from "aws-lambda";

import type { LakeAnnouncement } from "../../../src/lake/announcement";
import type { LakeSummary } from "../../../src/lake/run";
import { announce, lake as handler } from "../../support/handlers";
import { LakeWorld } from "../../support/lake-world";
import { uriOf } from "../../../src/lake/keys";

const dataset = "loan_moving_average";
const context = {
  functionName: "bank-batch-dev-lake",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

const log: string[] = [];
/** The log lines since `from` that have a key. */
const logged = (key: string, from = 0): Record<string, unknown>[] =>
  log
    .slice(from)
    .flatMap((text) => text.trim().split("\n"))
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => key in line);

let lake: LakeWorld;
let extractTopic: string;
let lakeTopic: string;
beforeAll(async () => {
  lake = await LakeWorld.create("seeded");
  Object.assign(process.env, lake.environment);
  extractTopic = lake.world.aws.createTopic("announce");
  lakeTopic = lake.world.aws.createTopic("announce-lake");
  Object.assign(process.env, { ANNOUNCE_TOPIC_ARN: extractTopic, LAKE_TOPIC_ARN: lakeTopic });
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, "write").mockImplementation((text) => log.push(String(text)) > 0);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await lake.close();
});

/** Publishes or restates a month, and returns the extract's announcement of it. */
async function announced(month: string, input: object = {}): Promise<string> {
  await lake.world.run({ month, ...input });
  await announce({ month }, context);
  return lake.world.aws.messages.filter(({ topicArn }) => topicArn === extractTopic).at(-1)?.message ?? "";
}

/** What SQS hands to the Lambda. */
const batch = (...bodies: string[]) => ({
  Records: bodies.map((body, index) => ({ eventSource: "aws:sqs", messageId: `message-${index}`, body })),
});
const deliver = (...bodies: string[]) => handler(batch(...bodies), context) as Promise<SQSBatchResponse>;

const sent = () =>
  lake.world.aws.messages
    .filter(({ topicArn }) => topicArn === lakeTopic)
    .map(({ message }) => JSON.parse(message) as LakeAnnouncement);

const changeAmounts = (month: string) =>
  lake.world.sql("update loans set amount = amount + 100 where to_char(loan_date, 'YYYY-MM') = $1", [month]);

/** The sources of the month's files that the lists name are those of the manifest. */
async function expectAsPublished(month: string): Promise<void> {
  const { files, revision } = await lake.world.manifest(month);
  for (const tenant of lake.tenants) {
    const listed = await lake.listed(tenant, dataset, month);
    const source = files.find(({ bankId }) => bankId === tenant.bankId);
    expect(listed.map(({ key }) => key)).toEqual([
      expect.stringContaining(`/${source?.sha256 ?? ""}.parquet`),
    ]);
  }
  expect((await lake.recorded(dataset, month)).month).toMatchObject({ revision });
}

it("an announcement brings the month into the lake, which announces it with its files", async () => {
  const message = await announced("2026-08");
  const before = log.length;
  expect(await deliver(message)).toEqual({ batchItemFailures: [] });
  await expectAsPublished("2026-08");
  const { totals } = await lake.world.manifest("2026-08");
  expect(logged("LakeRows", before)).toMatchObject([{ LakeRows: totals.rowCount }]);
  const done = logged("message", before).filter((line) => line["message"] === "month done");
  expect(done).toMatchObject([{ dataset, month: "2026-08", status: "published", objectCount: 4 }]);
  for (const step of ["staged", "listed", "announced", "month recorded"])
    expect(logged("step", before)).toContainEqual(
      expect.objectContaining({ message: step, step, dataset, month: "2026-08" }),
    );
  const { month: record } = await lake.recorded(dataset, "2026-08");
  expect(sent()).toEqual([
    {
      ...{ dataset, month: "2026-08", state: "published", revision: 1 },
      objects: record?.objects.map(({ tenant, bucket, key, rowCount }) => ({
        ...{ tenant, uri: uriOf(bucket, key), rowCount },
      })),
      runId: record?.runId,
    },
  ]);
});

it("the same announcement again, even in one batch, changes nothing and announces nothing", async () => {
  const message = await announced("2026-07");
  await deliver(message, message);
  const [count, lines] = [sent().length, log.length];
  expect(await deliver(message)).toEqual({ batchItemFailures: [] });
  expect(sent()).toHaveLength(count);
  expect(logged("LakeRows", lines)).toEqual([]);
  await expectAsPublished("2026-07");
});

it("announcements in another order end with the last revision", async () => {
  const first = await announced("2026-06");
  await changeAmounts("2026-06");
  const second = await announced("2026-06", { restate: true });
  await deliver(second);
  await deliver(first);
  await expectAsPublished("2026-06");
  expect(sent().filter(({ month }) => month === "2026-06")).toMatchObject([{ revision: 2 }]);
});

it("SNS's envelope is understood as well", async () => {
  const message = await announced("2026-05");
  await deliver(JSON.stringify({ Type: "Notification", MessageId: "1", Message: message }));
  await expectAsPublished("2026-05");
});

it("an announcement that was lost is made up for by the schedule", async () => {
  await announced("2026-04");
  expect(await deliver('{"all":true}')).toEqual({ batchItemFailures: [] });
  await expectAsPublished("2026-04");
  const { months } = (await handler({ all: true, dataset }, context)) as LakeSummary;
  expect(new Set(months.map(({ status }) => status))).toEqual(new Set(["unchanged"]));
});

it("a message that is none fails alone, and an extract without a dataset is passed over", async () => {
  const message = await announced("2026-03");
  const other = JSON.stringify({ ...(JSON.parse(message) as object), extract: "other" });
  const failed = await deliver(
    "not JSON",
    other,
    message,
    JSON.stringify({ extract: dataset, month: "2026-13" }),
  );
  expect(failed).toEqual({
    batchItemFailures: [{ itemIdentifier: "message-0" }, { itemIdentifier: "message-3" }],
  });
  await expectAsPublished("2026-03");
});

it("a month whose announcement could not be sent is announced by the next delivery", async () => {
  const message = await announced("2026-02");
  const remove = lake.world.aws.onRequest(({ service }) =>
    service === "sns" ? { respond: { status: 400, code: "InvalidParameter", message: "no" } } : undefined,
  );
  try {
    expect((await deliver(message)).batchItemFailures).toHaveLength(1);
  } finally {
    remove();
  }
  await deliver(message);
  expect(sent().filter(({ month }) => month === "2026-02")).toMatchObject([{ revision: 1 }]);
});
