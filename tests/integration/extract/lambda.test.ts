/** The Lambda's handlers, and what they write for operators: log lines, metrics, notices. */
import type { Context } from "aws-lambda";

import { announce, extract, notify, verify } from "../../support/handlers";
import { codeBlocks, readDocument } from "../../support/markdown";
import { World } from "../../support/world";

let world: World;
let topics: { readonly people: string; readonly machines: string };
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  world = await World.create("seeded");
  Object.assign(process.env, world.environment);
  topics = { people: world.aws.createTopic("people"), machines: world.aws.createTopic("machines") };
  process.env["NOTIFY_TOPIC_ARN"] = topics.people;
  process.env["ANNOUNCE_TOPIC_ARN"] = topics.machines;
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, "write").mockImplementation((text) => {
      for (const line of String(text).trim().split("\n")) {
        if (line.startsWith("{")) lines.push(JSON.parse(line) as Record<string, unknown>);
      }
      return true;
    });
  }
});
beforeEach(() => lines.splice(0));
afterAll(async () => {
  jest.restoreAllMocks();
  await world.close();
});

const context = {
  functionName: "bank-batch-dev-extract",
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

const metricsOf = () =>
  Object.assign({}, ...lines.filter((line) => "_aws" in line)) as Record<string, unknown>;
/** The dimensions of a metric, as CloudWatch finds them in its log line. */
function dimensionsOf(metric: string): readonly string[] {
  interface Embedded {
    readonly CloudWatchMetrics: readonly {
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  }
  const metrics = lines.flatMap((line) =>
    "_aws" in line ? (line["_aws"] as Embedded).CloudWatchMetrics : [],
  );
  const found = metrics.find(({ Metrics }) => Metrics.some(({ Name }) => Name === metric));
  return [...(found?.Dimensions[0] ?? [])].sort();
}
const september = { scheduledTime: "2026-10-01T03:00:00Z" };

function outcome(requestPayload: unknown, condition: string, responsePayload: unknown): unknown {
  const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:bank-batch-dev-extract:$LATEST";
  const requestContext = { requestId: "request-1", functionArn, condition, approximateInvokeCount: 3 };
  return {
    version: "1.0",
    timestamp: "2026-10-01T03:12:45Z",
    requestContext,
    requestPayload,
    responsePayload,
  };
}

describe("extract", () => {
  it("logs a line per step with run id, month, bank, rows, bytes and duration, and emits them as metrics", async () => {
    const { runId, months } = await extract(september, context);

    const steps = lines.filter((line) => "message" in line);
    expect(steps.map(({ message }) => message)).toEqual([
      ...["started", "connected", "staged", "staged", "staged", "staged", "reconciled", "done", "ended"],
    ]);
    expect(new Set(steps.map((line) => line["runId"]))).toEqual(new Set([runId]));
    expect(steps.find(({ bank }) => bank === "First National")).toMatchObject({
      month: "2026-09",
      bank: "First National",
      key: "FirstNational/2026/09/FirstNational_20260930.csv",
      rowCount: 20,
      byteCount: months[0]?.files[0]?.byteCount,
      durationMs: expect.any(Number) as number,
      function_request_id: "request-1",
    });

    const metrics = metricsOf();
    const sum = (values: unknown) => (values as number[]).reduce((total, value) => total + value, 0);
    expect(sum(metrics["Rows"])).toBe(60);
    expect(sum(metrics["Bytes"])).toBe(
      months[0]?.files.reduce((total, { byteCount }) => total + byteCount, 0),
    );
    for (const name of ["ConnectDuration", "StageDuration", "ReconcileDuration", "PublishDuration"]) {
      expect(metrics).toHaveProperty(name);
    }
    const daysSinceSeptember = (Date.now() - Date.parse("2026-10-01")) / 86_400_000;
    expect(Math.abs(Number(metrics["NewestPublishedMonthAge"]) - daysSinceSeptember)).toBeLessThan(1);
    // The alarm on this age uses these dimensions, and no others.
    expect(dimensionsOf("NewestPublishedMonthAge")).toEqual(["extract", "service", "stage"]);
    expect(metrics).toMatchObject({ service: "bank-batch", stage: "dev", extract: "loan_moving_average" });
  });

  it("reports no age of a published month after a dry run, which would keep the alarm silent", async () => {
    expect(await extract({ month: "2026-08", dryRun: true }, context)).toMatchObject({ dryRun: true });
    expect(metricsOf()).toHaveProperty("Rows");
    expect(metricsOf()).not.toHaveProperty("NewestPublishedMonthAge");
  });

  it("throws an error that says what to do, and logs it with its cause", async () => {
    const settings = { ...process.env };
    process.env["DB_SECRET_ID"] = "nowhere";
    await expect(extract(september, context)).rejects.toThrow(/can't be read: .*\nTry: Check DB_SECRET_ID/);
    process.env["DB_SECRET_ID"] = settings["DB_SECRET_ID"];
    expect(lines.find(({ message }) => message === "failed")).toMatchObject({
      level: "ERROR",
      error: { name: "CredentialsError", cause: { name: "ResourceNotFoundException" } },
    });
  });

  it("ends cleanly before Lambda's time limit", async () => {
    const hurried = { ...context, getRemainingTimeInMillis: () => 10_001 };
    await expect(extract(september, hurried)).rejects.toMatchObject({ name: "DeadlineError" });
    expect(await world.connections()).toBe(0);
  });
});

describe("verify", () => {
  it("verifies a published month, and emits its age as a metric", async () => {
    const { months } = await verify(september, context);
    expect(months).toMatchObject([{ month: "2026-09", status: "verified", revision: 1 }]);
    expect(metricsOf()).toHaveProperty("NewestPublishedMonthAge");
  });

  it("fails for a missing month, and says that it must run", async () => {
    await expect(verify({ month: "2026-08" }, context)).rejects.toMatchObject({
      name: "VerificationError",
      message: expect.stringContaining("\nTry: Run the missing month;") as string,
    });
    expect(metricsOf()).not.toHaveProperty("NewestPublishedMonthAge");
  });

  it("fails for a damaged month, and says that its files must not be used", async () => {
    const { files } = await world.manifest("2026-09");
    const { key = "" } = files[0] ?? {};
    const damaged = await world.put(key, "something else");
    await expect(verify({ month: "2026-09" }, context)).rejects.toMatchObject({
      name: "VerificationError",
      message: expect.stringContaining("\nTry: Don't use these files.") as string,
    });
    await world.remove(key, damaged);
    expect((await verify(september, context)).months).toMatchObject([{ status: "verified" }]);
  });
});

describe("notify", () => {
  it("sends a notice of a failure to people", async () => {
    const response = { errorType: "StorageError", errorMessage: "S3 did not\nTry: Run it again." };
    await notify(outcome(september, "RetriesExhausted", response), context);
    expect(world.aws.messages.at(-1)).toMatchObject({
      topicArn: topics.people,
      subject: "[bank-batch dev] 2026-09 was not published: StorageError",
      message: expect.stringContaining(`--data '{"month":"2026-09"}'`) as string,
    });
  });

  it("fails if it can't send, so that Lambda tries again", async () => {
    process.env["NOTIFY_TOPIC_ARN"] = `${topics.people}-gone`;
    await expect(notify(outcome(september, "RetriesExhausted", {}), context)).rejects.toThrow(
      /not exist|not found/i,
    );
    process.env["NOTIFY_TOPIC_ARN"] = "people";
    await expect(notify(outcome(september, "RetriesExhausted", {}), context)).rejects.toThrow(
      "NOTIFY_TOPIC_ARN: expected the ARN of an SNS topic",
    );
    process.env["NOTIFY_TOPIC_ARN"] = topics.people;
  });
});

/** The event of EventBridge for an object that S3 has created. */
function created(key: string): object {
  return {
    version: "0",
    source: "aws.s3",
    "detail-type": "Object Created",
    time: "2026-10-01T03:00:05Z",
    detail: { bucket: { name: world.bucket }, object: { key, size: 1 }, reason: "CompleteMultipartUpload" },
  };
}

describe("announce", () => {
  const prefix = "announce/";
  const key = `${prefix}_manifests/2026/09.json`;
  beforeAll(async () => {
    process.env["EXTRACT_PREFIX"] = prefix;
    await extract(september, context);
  });
  afterAll(() => {
    delete process.env["EXTRACT_PREFIX"];
  });

  async function announced(event: unknown): Promise<unknown[]> {
    const before = world.aws.messages.length;
    await announce(event, context);
    const sent = world.aws.messages.slice(before);
    expect(sent.every(({ topicArn }) => topicArn === topics.machines)).toBe(true);
    return sent.map(({ message }) => JSON.parse(message) as unknown);
  }

  it("sends machines the published revision of the month whose manifest was written", async () => {
    const { runId, publishedAt } = await world.manifest("2026-09", prefix);
    const message = {
      ...{ extract: "loan_moving_average", month: "2026-09", state: "published" },
      ...{ revision: 1, manifest: key },
    };
    const sent = await announced(created(key));
    expect(sent).toEqual([{ ...message, runId, publishedAt }]);
    // The consumers' page shows such a message, and the rule for it.
    const page = "docs/consumer.md";
    const example = codeBlocks(page).find(({ language }) => language === "json")?.code ?? "";
    expect(Object.keys(JSON.parse(example) as object)).toEqual(Object.keys(sent[0] as object));
    expect(readDocument(page)).toContain("**Compare `revision` with the one that you hold.**");
    // A repeated event repeats the message.
    expect(await announced(created(key))).toEqual([{ ...message, runId, publishedAt }]);
  });

  it("sends the current revision if the event comes late", async () => {
    await world.sql("update loans set amount = amount + 1 where loan_date >= '2026-09-01'");
    await extract({ month: "2026-09", restate: true }, context);
    await extract({ month: "2026-09" }, context);
    const { runId, revision } = await world.manifest("2026-09", prefix);
    expect(revision).toBe(2);
    expect(await announced(created(key))).toMatchObject([{ revision: 2, runId }]);
  });

  it("recognises the manifests of every extract", async () => {
    await extract({ month: "2026-09", extract: "loan_detail" }, context);
    expect(await announced(created(`${prefix}loan_detail/_manifests/2026/09.json`))).toMatchObject([
      { extract: "loan_detail", month: "2026-09", revision: 1 },
    ]);
  });

  it("accepts the input of a run, to announce months again", async () => {
    expect(await announced({ from: "2026-08", to: "2026-09" })).toMatchObject([{ month: "2026-09" }]);
  });

  it.each([
    "announce/FirstNational/2026/09/FirstNational_20260930.csv",
    "announce/other/_manifests/2026/09.json",
    "_manifests/2026/09.json",
    "announce/_manifests/2026/13.json",
    "announce/_manifests/2026/09.json.bak",
  ])("sends nothing for %s", async (other) => {
    expect(await announced(created(other))).toEqual([]);
  });

  it("refuses an event that is not about an object that was written", async () => {
    const deleted = { ...created(key), "detail-type": "Object Deleted" };
    await expect(announce(deleted, context)).rejects.toMatchObject({ name: "RequestError" });
  });

  it("sends nothing for a manifest that no longer exists", async () => {
    expect(await announced(created(`${prefix}_manifests/2026/08.json`))).toEqual([]);
  });

  it("fails for a manifest that can't be read and for a missing topic, so that Lambda tries again", async () => {
    await world.put(`${prefix}_manifests/2026/07.json`, "{}");
    await expect(announce(created(`${prefix}_manifests/2026/07.json`), context)).rejects.toThrow(
      "can't be read",
    );
    process.env["ANNOUNCE_TOPIC_ARN"] = `${topics.machines}-gone`;
    await expect(announce(created(key), context)).rejects.toThrow(/not exist|not found/i);
    process.env["ANNOUNCE_TOPIC_ARN"] = topics.machines;
  });
});

it("a month is announced even if a later month of its range fails", async () => {
  const prefix = "range/";
  process.env["EXTRACT_PREFIX"] = prefix;
  await world.sql(
    "update loans set account_idaccount = null where idloan = (select max(idloan) from loans where loan_date between '2026-09-01' and '2026-09-30')",
  );
  const failure = await extract({ from: "2026-08", to: "2026-09" }, context).catch(
    (error: unknown) => error as Error,
  );
  expect(failure).toMatchObject({ name: "ReconciliationError", done: ["2026-08"] });
  const { announced } = await announce(created(`${prefix}_manifests/2026/08.json`), context);
  expect(announced).toMatchObject([{ month: "2026-08", revision: 1 }]);

  const { name, message } = failure as Error;
  const payload = { errorType: name, errorMessage: message };
  await notify(outcome({ from: "2026-08", to: "2026-09" }, "RetriesExhausted", payload), context);
  const notice = world.aws.messages.at(-1);
  expect(notice?.subject).toBe("[bank-batch dev] 2026-09 was not published: ReconciliationError");
  expect(notice?.message).toContain("2026-08 is published.");
  expect(notice?.message).toContain(`--data '{"month":"2026-09"}'`);
  delete process.env["EXTRACT_PREFIX"];
});
