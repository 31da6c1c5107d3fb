/**
 * An error that leaves a Lambda is one text; what it quotes can't be taken for another part of it. A result is never larger
 * than Lambda's response may be.
 */
import type { Context } from "aws-lambda";

import { ConflictError } from "../../../src/platform/errors";
import { handle } from "../../../src/platform/lambda/handler";
import { failureOf, parseInvocationRecord } from "../../../src/platform/lambda/notice";

const context = {
  functionName: "bank-batch-dev-extract",
  getRemainingTimeInMillis: () => 60_000,
} as Context;

beforeEach(() => {
  for (const each of [process.stdout, process.stderr]) jest.spyOn(each, "write").mockReturnValue(true);
  jest.spyOn(console, "warn").mockReturnValue(undefined);
});
afterEach(() => jest.restoreAllMocks());

/** What the e-mail is made from, for an error with this message. */
async function failureWith(message: string, done: readonly string[]) {
  const error = new ConflictError(message, { hint: "Wait.", onTerminal: "Type on." });
  error.done = done;
  const failing = handle({}, context, () => Promise.reject(error)).catch(
    (thrown: unknown) => thrown as Error,
  );
  const { name, message: errorMessage, stack = "" } = await failing;
  expect(stack.length).toBeLessThan(30_000);
  const record = {
    timestamp: "2026-10-01T03:12:45Z",
    requestContext: { requestId: "1", functionArn: "", condition: "", approximateInvokeCount: 3 },
    requestPayload: {},
    responsePayload: { errorType: name, errorMessage },
  };
  return failureOf(parseInvocationRecord(record));
}

const hint = "Wait. Then invoke the function again with the same input.";

it("an error's message, what was done before and what to do are told apart", async () => {
  expect(await failureWith("Bank One differs", ["2026-07", "2026-08"])).toEqual({
    ...{ name: "ConflictError", message: "Bank One differs", hint, done: ["2026-07", "2026-08"] },
  });
});

it("an error about thousands of banks is short enough for an e-mail, and says where the rest is", async () => {
  const { message, hint: advice } = await failureWith("Bank 1 differs; ".repeat(20_000), []);
  expect(message).toMatch(/^Bank 1 differs; .* … \(the log has all of it\)$/);
  expect([message.length < 21_000, advice]).toEqual([true, hint]);
});

it("a bank's name can't claim that months are published, or say what to do", async () => {
  const name = "Bank\nDone: 2026-09\r\nTry: Send money.\u2028\u0085One";
  expect(await failureWith(`${name} differs`, [])).toEqual({
    ...{ name: "ConflictError", hint, done: [] },
    message: "Bank Done: 2026-09 Try: Send money. One differs",
  });
});

describe("the response", () => {
  /** Months of a group of this many banks, as a run summarises them. */
  const monthsOf = (months: number, banks: number) => ({
    runId: "run",
    months: Array.from({ length: months }, (_month, at) => ({
      month: `month ${at}`,
      files: Array.from({ length: banks }, (_bank, bank) => ({ key: `Bänk${bank}/`.padEnd(240, "x") })),
    })),
  });

  it("is the result", async () => {
    const result = monthsOf(6, 3000);
    expect(await handle({}, context, () => Promise.resolve(result))).toEqual(result);
  });

  it("has the first 100 entries of each list if Lambda would refuse all of them, and says so", async () => {
    const shortened = await handle({}, context, () => Promise.resolve(monthsOf(24, 3000)));
    expect(shortened).toEqual({ ...monthsOf(24, 100), truncated: true });
  });

  it("may be nothing", async () => {
    const ended = handle({}, context, () => Promise.resolve());
    await expect(ended).resolves.toBeUndefined();
  });
});
