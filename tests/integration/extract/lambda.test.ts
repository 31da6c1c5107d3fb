/** The Lambda's handlers beside the extract, and what they write for operators: log lines, metrics, notices. */
import type { Context } from "aws-lambda";

import { extract, notify, verify } from "../../../src/extract/lambda";
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
  it("logs one line a step with run id, month, bank, rows, bytes and duration, and measures them", async () => {
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
    // The alarm on that age names both.
    expect(metrics).toMatchObject({ service: "bank-batch", extract: "loan_moving_average" });
  });

  it("says in its error what to do, and logs it with its cause", async () => {
    const settings = { ...process.env };
    process.env["DB_SECRET_ID"] = "nowhere";
    await expect(extract(september, context)).rejects.toThrow(/can't be read: .*\nTry: Check DB_SECRET_ID/);
    process.env["DB_SECRET_ID"] = settings["DB_SECRET_ID"];
    expect(lines.find(({ message }) => message === "failed")).toMatchObject({
      level: "ERROR",
      error: { name: "CredentialsError", cause: { name: "ResourceNotFoundException" } },
    });
  });

  it("ends in good order before Lambda would end it", async () => {
    const hurried = { ...context, getRemainingTimeInMillis: () => 10_001 };
    await expect(extract(september, hurried)).rejects.toMatchObject({ name: "DeadlineError" });
    expect(await world.connections()).toBe(0);
  });
});

describe("verify", () => {
  it("finds the month that is there, and measures its age", async () => {
    const { months } = await verify(september, context);
    expect(months).toMatchObject([{ month: "2026-09", status: "verified", revision: 1 }]);
    expect(metricsOf()).toHaveProperty("NewestPublishedMonthAge");
  });

  it("fails for the month that is missing", async () => {
    await expect(verify({ month: "2026-08" }, context)).rejects.toMatchObject({ name: "VerificationError" });
    expect(metricsOf()).not.toHaveProperty("NewestPublishedMonthAge");
  });
});

describe("notify", () => {
  it("sends a failure to people", async () => {
    const response = { errorType: "StorageError", errorMessage: "S3 did not\nTry: Run it again." };
    await notify(outcome(september, "RetriesExhausted", response), context);
    expect(world.aws.messages.at(-1)).toMatchObject({
      topicArn: topics.people,
      subject: "[bank-batch dev] 2026-09 was not published: StorageError",
      message: expect.stringContaining(`--data '{"month":"2026-09"}'`) as string,
    });
  });

  it("sends each published month to machines", async () => {
    const summary = await extract({ from: "2026-08", to: "2026-09" }, context);
    const before = world.aws.messages.length;
    await notify(outcome({ from: "2026-08", to: "2026-09" }, "Success", summary), context);
    const sent = world.aws.messages.slice(before);
    expect(sent.map(({ topicArn }) => topicArn)).toEqual([topics.machines, topics.machines]);
    expect(sent.map(({ message }) => JSON.parse(message) as unknown)).toEqual([
      {
        extract: "loan_moving_average",
        month: "2026-08",
        status: "published",
        revision: 1,
        manifest: "_manifests/2026/08.json",
      },
      {
        extract: "loan_moving_average",
        month: "2026-09",
        status: "unchanged",
        revision: 1,
        manifest: "_manifests/2026/09.json",
      },
    ]);
  });

  it("fails where it can't tell, so that Lambda tries again", async () => {
    process.env["NOTIFY_TOPIC_ARN"] = `${topics.people}-gone`;
    await expect(notify(outcome(september, "RetriesExhausted", {}), context)).rejects.toThrow(
      /not exist|not found/i,
    );
    process.env["NOTIFY_TOPIC_ARN"] = "people";
    await expect(notify(outcome(september, "RetriesExhausted", {}), context)).rejects.toThrow(
      "NOTIFY_TOPIC_ARN: expected the ARN of an SNS topic",
    );
  });
});
