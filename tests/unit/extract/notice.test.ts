import { noticesOf } from "../../../src/extract/notice";
import { TRY } from "../../../src/platform/lambda/handler";

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
  it("is an e-mail that says what failed, what it means, what to run and where the logs are", () => {
    const [notice, ...more] = noticesOf(outcome(scheduled, failed));
    expect(more).toEqual([]);
    expect(notice?.audience).toBe("people");
    expect(notice?.subject).toBe("[bank-batch prod] 2026-09 was not published: ReconciliationError");
    expect(notice?.message).toBe(`The loan extract of 2026-09 was not published.

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

  it("of a range or a restatement has the same range and restatement to run again", () => {
    const [range] = noticesOf(
      outcome({ from: "2026-01", to: "2026-06", restate: true, allowEmpty: true }, failed),
    );
    expect(range?.subject).toContain("2026-01 to 2026-06 was not published");
    expect(range?.message).toContain(
      `--data '{"from":"2026-01","to":"2026-06","restate":true,"allowEmpty":true}'`,
    );
  });

  it("of another extract names it, and runs it again", () => {
    const [notice] = noticesOf(outcome({ extract: "loan_detail", month: "2026-09" }, failed));
    expect(notice?.subject).toContain("loan_detail of 2026-09 was not published");
    expect(notice?.message).toContain("The extract loan_detail of 2026-09 was not published.");
    expect(notice?.message).toContain(`--data '{"extract":"loan_detail","month":"2026-09"}'`);
  });

  it("of a verification says that the month is missing or damaged, and that the extract is to be run", () => {
    const response = {
      errorType: "VerificationError",
      errorMessage: `2026-09 is not published${TRY}Run the missing month.`,
    };
    const [notice] = noticesOf(outcome(scheduled, response, { task: "verify" }));
    expect(notice?.subject).toBe("[bank-batch prod] 2026-09 is missing or damaged: VerificationError");
    expect(notice?.message).toContain("--function extract");
    expect(notice?.message).toContain("Log group /aws/lambda/bank-batch-prod-verify");
  });

  it.each(["DeadlineError", "StorageError", "ConfigError", "Sandbox.Timedout"])(
    "of a verification by %s says that the month could not be verified, and that it is to be verified again",
    (errorType) => {
      const response = { errorType, errorMessage: `2026-09 could not be verified${TRY}Wait a few minutes.` };
      const [notice] = noticesOf(outcome(scheduled, response, { task: "verify" }));
      expect(notice?.subject).toBe(`[bank-batch prod] 2026-09 could not be verified: ${errorType}`);
      expect(notice?.message).toContain("The loan extract of 2026-09 could not be verified.");
      expect(notice?.message).not.toContain("missing or damaged");
      expect(notice?.message).toContain(`--function verify --type Event --data '{"month":"2026-09"}'`);
    },
  );

  it("that the program did not see coming is told as well", () => {
    const timeout = {
      errorType: "Sandbox.Timedout",
      errorMessage: "RequestId: x Error: Task timed out after 900.00 seconds",
    };
    const [notice] = noticesOf(outcome(scheduled, timeout));
    expect(notice?.subject).toContain("2026-09 was not published: Sandbox.Timedout");
    expect(notice?.message).toContain("Task timed out after 900.00 seconds");
    expect(notice?.message).toContain("The program did not foresee this");
  });

  it("of an event that grew too old, of which there is no answer, is told as well", () => {
    const [notice] = noticesOf(outcome(scheduled, undefined, { condition: "EventAgeExceeded" }));
    expect(notice?.subject).toContain("2026-09 was not published: EventAgeExceeded");
  });

  it("of a run that was asked for nothing sensible shows what it was asked for", () => {
    const response = {
      errorType: "RequestError",
      errorMessage: `wrong input${TRY}Ask for one closed month.`,
    };
    const [notice] = noticesOf(outcome({ month: "2026-13" }, response));
    expect(notice?.subject).toBe("[bank-batch prod] a run was not published: RequestError");
    expect(notice?.message).toContain(`--data '{"month":"2026-13"}'`);
  });

  it("has a subject of plain ASCII below 100 characters, whatever it is about", () => {
    const response = { errorType: `Überraschung\n${"x".repeat(200)}`, errorMessage: "…" };
    const [notice] = noticesOf(outcome(scheduled, response));
    expect(notice?.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  });
});

describe("a success", () => {
  const month = { month: "2026-09", status: "published", revision: 1, manifest: "_manifests/2026/09.json" };

  it("is a line of JSON for machines, one a month", () => {
    const summary = {
      runId: "1",
      months: [
        { ...month, files: [] },
        { ...month, month: "2026-10", status: "unchanged", files: [] },
      ],
    };
    const notices = noticesOf(outcome({ from: "2026-09", to: "2026-10" }, summary, { condition: "Success" }));
    expect(notices.map(({ audience }) => audience)).toEqual(["machines", "machines"]);
    expect(notices.map(({ message }) => JSON.parse(message) as unknown)).toEqual([
      month,
      { ...month, month: "2026-10", status: "unchanged" },
    ]);
  });

  it("of a dry run or a verification is nobody's news", () => {
    const dryRun = { runId: "1", dryRun: true, months: [month] };
    expect(noticesOf(outcome({ month: "2026-09", dryRun: true }, dryRun, { condition: "Success" }))).toEqual(
      [],
    );
    const verified = { months: [{ month: "2026-09", status: "verified" }] };
    expect(noticesOf(outcome(scheduled, verified, { condition: "Success", task: "verify" }))).toEqual([]);
  });
});

it("is refused if it is no outcome of an asynchronous run", () => {
  expect(() => noticesOf({ month: "2026-09" })).toThrow(
    "not the record of an asynchronous Lambda invocation",
  );
});
