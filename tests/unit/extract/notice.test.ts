import { noticeOf } from "../../../src/extract/notice";
import { DONE, TRY } from "../../../src/platform/lambda/handler";

const functionArn = (task: string) =>
  `arn:aws:lambda:eu-west-1:123456789012:function:bank-batch-prod-${task}:$LATEST`;

function outcome(
  payload: unknown,
  response: unknown,
  { condition = "RetriesExhausted", task = "extract" } = {},
): unknown {
  return {
    version: "1.0",
    timestamp: "2026-10-01T03:12:45.123Z",
    requestContext: {
      requestId: "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
      functionArn: functionArn(task),
      condition,
      approximateInvokeCount: 3,
    },
    requestPayload: payload,
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: response,
  };
}

const scheduled = { scheduledTime: "2026-10-01T03:00:00Z" };
const failed = {
  errorType: "ReconciliationError",
  errorMessage: `2026-09 does not reconcile: Crédit: the file holds 3 loans${TRY}Correct the loans.`,
};

describe("a failure", () => {
  it("becomes an e-mail that says what failed, what it means, what to run and where the logs are", () => {
    const notice = noticeOf(outcome(scheduled, failed));
    expect(notice.subject).toBe("[bank-batch prod] 2026-09 was not published: ReconciliationError");
    expect(notice.message).toBe(`The loan extract of 2026-09 was not published.

What happened
  ReconciliationError: 2026-09 does not reconcile: Crédit: the file holds 3 loans

What it means
  The files would not agree with the source. They were not published.

What to do next
  Correct the loans.
  To run it again, in a clone of the project:

  npx serverless invoke --stage prod --function extract --type Event --data '{"month":"2026-09"}'

  Files that are published stay as they are. Running a month again never does harm.

Where to look
  Log group /aws/lambda/bank-batch-prod-extract, request e4b46cbf-b738-xmpl-8880-a18cdf61200e:

  aws logs tail /aws/lambda/bank-batch-prod-extract --since 1d --filter-pattern '"e4b46cbf-b738-xmpl-8880-a18cdf61200e"'

Function bank-batch-prod-extract, 3 attempts, finally failed 2026-10-01T03:12:45.123Z (RetriesExhausted).
`);
  });

  it("of a range or a restatement comes with the command that repeats it", () => {
    const range = noticeOf(
      outcome({ from: "2026-01", to: "2026-06", restate: true, allowEmpty: true }, failed),
    );
    expect(range.subject).toContain("2026-01 to 2026-06 was not published");
    expect(range.message).toContain(
      `--data '{"from":"2026-01","to":"2026-06","restate":true,"allowEmpty":true}'`,
    );
  });

  it("of a range names the published months, and comes with the command that runs only the others", () => {
    const errorMessage = `2026-08 does not reconcile${DONE}2026-06, 2026-07${TRY}Correct the loans.`;
    const asked = { from: "2026-06", to: "2026-09", restate: true };
    const notice = noticeOf(outcome(asked, { ...failed, errorMessage }));
    expect(notice.subject).toBe(
      "[bank-batch prod] 2026-08 to 2026-09 was not published: ReconciliationError",
    );
    expect(notice.message).toContain(
      "The loan extract of 2026-08 to 2026-09 was not published. 2026-06, 2026-07 are published.\n",
    );
    expect(notice.message).toContain("ReconciliationError: 2026-08 does not reconcile\n");
    expect(notice.message).toContain(`--data '{"from":"2026-08","to":"2026-09","restate":true}'`);
  });

  it("of the last month of a range comes with the command that runs only that month", () => {
    const errorMessage = `2026-08 does not reconcile${DONE}2026-07${TRY}Correct the loans.`;
    const notice = noticeOf(outcome({ from: "2026-07", to: "2026-08" }, { ...failed, errorMessage }));
    expect(notice.message).toContain(
      "The loan extract of 2026-08 was not published. 2026-07 is published.\n",
    );
    expect(notice.message).toContain(`--data '{"month":"2026-08"}'`);
  });

  it("of a range that Lambda ended says that some months may be published, and how to see which", () => {
    const timeout = { errorType: "Sandbox.Timedout", errorMessage: "Task timed out after 900.00 seconds" };
    const notice = noticeOf(outcome({ from: "2026-06", to: "2026-09" }, timeout));
    expect(notice.subject).toContain("2026-06 to 2026-09 was not finished");
    expect(notice.message).toContain(
      "Some of these months may be published: npx bank-batch status --from 2026-06 --to 2026-09 shows which.",
    );
    expect(notice.message).toContain(`--data '{"from":"2026-06","to":"2026-09"}'`);
  });

  it("of an announcement comes with the command that announces the month again", () => {
    const event = {
      source: "aws.s3",
      "detail-type": "Object Created",
      detail: { bucket: { name: "extracts" }, object: { key: "eu/_manifests/2026/09.json", size: 1 } },
    };
    const notice = noticeOf(outcome(event, failed, { task: "announce" }));
    expect(notice.subject).toBe(
      "[bank-batch prod] eu/_manifests/2026/09.json was not announced: ReconciliationError",
    );
    expect(notice.message).toContain(
      "The manifest eu/_manifests/2026/09.json was written, but was not announced to machines.",
    );
    expect(notice.message).toContain(
      `--function announce --type Event --data '{"detail-type":"Object Created","detail":{"object":{"key":"eu/_manifests/2026/09.json"}}}'`,
    );
  });

  it("of an announcement that was requested by month names the month", () => {
    const notice = noticeOf(outcome({ month: "2026-09" }, failed, { task: "announce" }));
    expect(notice.subject).toContain("2026-09 was not announced");
    expect(notice.message).toContain(`--function announce --type Event --data '{"month":"2026-09"}'`);
  });

  it("of another extract names that extract, also in the command", () => {
    const notice = noticeOf(outcome({ extract: "loan_detail", month: "2026-09" }, failed));
    expect(notice.subject).toContain("loan_detail of 2026-09 was not published");
    expect(notice.message).toContain("The extract loan_detail of 2026-09 was not published.");
    expect(notice.message).toContain(`--data '{"extract":"loan_detail","month":"2026-09"}'`);
  });

  it("of a verification says that the month is missing or damaged, and comes with the command that extracts it", () => {
    const response = {
      errorType: "VerificationError",
      errorMessage: `2026-09 is not published${TRY}Run the missing month.`,
    };
    const notice = noticeOf(outcome(scheduled, response, { task: "verify" }));
    expect(notice.subject).toBe("[bank-batch prod] 2026-09 is missing or damaged: VerificationError");
    expect(notice.message).toContain("--function extract");
    expect(notice.message).toContain("Log group /aws/lambda/bank-batch-prod-verify");
  });

  it.each(["DeadlineError", "StorageError", "ConfigError", "Sandbox.Timedout"])(
    "of a verification by %s says that the month could not be verified, and comes with the command that verifies it",
    (errorType) => {
      const response = { errorType, errorMessage: `2026-09 could not be verified${TRY}Wait a few minutes.` };
      const notice = noticeOf(outcome(scheduled, response, { task: "verify" }));
      expect(notice.subject).toBe(`[bank-batch prod] 2026-09 could not be verified: ${errorType}`);
      expect(notice.message).toContain("The loan extract of 2026-09 could not be verified.");
      expect(notice.message).not.toContain("missing or damaged");
      expect(notice.message).toContain(`--function verify --type Event --data '{"month":"2026-09"}'`);
    },
  );

  it("that the program did not foresee is reported as well", () => {
    const timeout = {
      errorType: "Sandbox.Timedout",
      errorMessage: "RequestId: x Error: Task timed out after 900.00 seconds",
    };
    const notice = noticeOf(outcome(scheduled, timeout));
    expect(notice.subject).toContain("2026-09 was not published: Sandbox.Timedout");
    expect(notice.message).toContain("Task timed out after 900.00 seconds");
    expect(notice.message).toContain("The program did not foresee this");
  });

  it("of an event that expired, which has no response, is reported as well", () => {
    const notice = noticeOf(outcome(scheduled, undefined, { condition: "EventAgeExceeded" }));
    expect(notice.subject).toContain("2026-09 was not published: EventAgeExceeded");
  });

  it("of a run with invalid input shows the input", () => {
    const response = {
      errorType: "RequestError",
      errorMessage: `wrong input${TRY}Ask for one closed month.`,
    };
    const notice = noticeOf(outcome({ month: "2026-13" }, response));
    expect(notice.subject).toBe("[bank-batch prod] a run of extract failed: RequestError");
    expect(notice.message).toContain(`--data '{"month":"2026-13"}'`);
  });

  it("has a subject of fewer than 100 ASCII characters, whatever the error", () => {
    const response = { errorType: `Überraschung\n${"x".repeat(200)}`, errorMessage: "…" };
    const notice = noticeOf(outcome(scheduled, response));
    expect(notice.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  });
});

it("a record that is not the outcome of an asynchronous run is refused", () => {
  expect(() => noticeOf({ month: "2026-09" })).toThrow("not the record of an asynchronous Lambda invocation");
});
