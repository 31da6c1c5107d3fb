/** The notice about a failed asynchronous invocation: an e-mail that a person on call can act on. */
import * as v from "valibot";

import { RequestError } from "../errors";
import { type FunctionName, parseFunctionName } from "./function-name";
import { DONE, TRY } from "./handler";

/**
 * What Lambda sends to a destination when an asynchronous invocation has finally failed.
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
 */
const invocationRecord = v.object({
  timestamp: v.string(),
  requestContext: v.object({
    requestId: v.string(),
    functionArn: v.string(),
    condition: v.string(),
    approximateInvokeCount: v.number(),
  }),
  requestPayload: v.unknown(),
  responsePayload: v.optional(v.unknown()),
});

export type InvocationRecord = v.InferOutput<typeof invocationRecord>;

const errorPayload = v.object({ errorType: v.optional(v.string()), errorMessage: v.optional(v.string()) });

/** What an error that left a Lambda says. */
export interface Failure {
  /** The error's name, or Lambda's reason where the program could not report one. */
  readonly name: string;
  readonly message: string;
  /** Undefined if the program could not report one: Lambda ended it, or it has a bug. */
  readonly hint: string | undefined;
  /** What was done before, such as months. */
  readonly done: readonly string[];
}

/** A message for SNS: its subject, which only e-mail shows, is one line of at most 99 ASCII characters. */
export interface Notice {
  readonly subject: string;
  readonly message: string;
}

/** What a pipeline knows of a failed invocation. */
export interface FailureDetails {
  /** What failed, for the subject line: `2026-09`. */
  readonly label: string;
  /** The first sentence, without its full stop: `The extract of 2026-09 was not published`. */
  readonly sentence: string;
  /** A sentence about what was done before the failure, if anything was. */
  readonly done?: string | undefined;
  /** What happened to it, for the subject line: `was not published`. */
  readonly verdict: string;
  /** What each error means for this pipeline, by the error's name. */
  readonly meanings: Readonly<Record<string, string>>;
  /** The function that does it again, and its input. */
  readonly rerun: { readonly task: string; readonly input: unknown };
  /** The last paragraph of what to do next. */
  readonly reassurance: string;
}

/** @throws RequestError if the event is not the record of an asynchronous invocation. */
export function parseInvocationRecord(event: unknown): InvocationRecord {
  const parsed = v.safeParse(invocationRecord, event);
  if (parsed.success) return parsed.output;
  throw new RequestError("this event is not the record of an asynchronous Lambda invocation", {
    hint: "Make notify the function's destination for failures; it is not meant to be invoked by hand.",
  });
}

/** The task of the function that failed. */
export function taskOf({ requestContext }: InvocationRecord): string {
  return nameParts(requestContext.functionArn).task;
}

export function failureOf({ requestContext, responsePayload }: InvocationRecord): Failure {
  const { errorType = requestContext.condition, errorMessage = "" } = v.is(errorPayload, responsePayload)
    ? responsePayload
    : {};
  const [before = "", hint] = errorMessage.split(TRY);
  const [message = "", done] = before.split(DONE);
  return { name: errorType, message, hint, done: done?.split(", ") ?? [] };
}

export function failureNotice(record: InvocationRecord, failure: Failure, details: FailureDetails): Notice {
  const { timestamp, requestContext } = record;
  const { requestId, functionArn, condition, approximateInvokeCount } = requestContext;
  const { name, service, stage } = nameParts(functionArn);
  const { label, sentence, done, verdict, meanings, rerun, reassurance } = details;
  const { name: errorName, message: what, hint = "The log has more." } = failure;

  const message = `${sentence}.${done === undefined ? "" : ` ${done}`}

What happened
  ${errorName}: ${what.replaceAll("\n", "\n  ")}

What it means
  ${meanings[errorName] ?? "The program did not foresee this: Lambda ended it, or it has a bug."}

What to do next
  ${hint.replaceAll("\n", "\n  ")}
  To run it again, in a clone of the project:

  npx serverless invoke --stage ${stage} --function ${rerun.task} --type Event --data '${shellJson(rerun.input)}'

  ${reassurance}

Where to look
  Log group /aws/lambda/${name}, request ${requestId}:

  aws logs tail /aws/lambda/${name} --since 1d --filter-pattern '"${requestId}"'

Function ${name}, ${approximateInvokeCount} ${approximateInvokeCount === 1 ? "attempt" : "attempts"}, finally failed ${timestamp} (${condition}).
`;
  return {
    subject: subjectLine(`[${service} ${stage}] ${label} ${verdict}: ${errorName}`),
    message,
  };
}

/** JSON between the single quotes of a shell. */
function shellJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("'", String.raw`\u0027`);
}

function nameParts(functionArn: string): FunctionName & { readonly name: string } {
  const name = functionArn.split(":")[6] ?? functionArn;
  return { name, ...parseFunctionName(name) };
}

/** Source: Amazon SNS API Reference, `Publish`, `Subject`. */
export function subjectLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 99);
}

/** A key that somebody else has chosen, for a message: it can't look like another line of it. */
export function inOneLine(key: string): string {
  return key.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}
