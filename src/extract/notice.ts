/**
 * Turns the outcome of an asynchronous run into what is told of it: an e-mail that a person on call can act on, or a
 * line of JSON for machines. Pure: `lambda.ts` reads the outcome and sends the notices.
 */
import * as v from "valibot";

import { RequestError } from "../platform/errors";
import type { Summary } from "./extract";
import { defaultExtract } from "./definitions/index";
import { parseRequest, type Request } from "./request";

/**
 * What Lambda hands to a destination when it has done, or given up on, an asynchronous invocation.
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
 */
const outcome = v.object({
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

type Outcome = v.InferOutput<typeof outcome>;

const failure = v.object({ errorType: v.optional(v.string()), errorMessage: v.optional(v.string()) });

/** For SNS: a subject is ASCII, at most 99 characters and one line, and serves e-mail alone. */
export interface Notice {
  readonly audience: "people" | "machines";
  readonly subject: string;
  readonly message: string;
}

/** Between what happened and what to do, in the message of an error that left a Lambda. */
export const TRY = "\nTry: ";

/** What an error means to who is woken by it. The names are those of `errors.ts`. */
const meanings: Readonly<Record<string, string>> = {
  ConfigError: "The function's settings are wrong. No run can succeed until they are corrected.",
  RequestError: "The run was asked for something that it can't do. Nothing was read.",
  CredentialsError: "The database can't be opened with what the secret holds.",
  DatabaseUnavailableError: "The database, or the way to it, is down. It was tried again and stayed so.",
  QueryError: "The database refused, or what it holds can't be extracted. A retry won't cure it.",
  ReconciliationError: "The files would not add up to the source. They were not published.",
  AlreadyPublishedError:
    "The month is published and its data has changed since. What is published was left as it is.",
  ConflictError:
    "Another run of the month was under way each time. One of them may have published it: verify tells.",
  StorageError: "S3 refused or dropped the files.",
  DeadlineError: "The run took longer than the function may. It was ended in good order each time.",
  VerificationError: "What consumers find for the month is missing, or not what its manifest says.",
};

/**
 * What is to be told of an outcome: a failure to people, each month of a success to machines, and nothing of a dry
 * run or a verification that found nothing wrong.
 *
 * @throws RequestError if this is no record of an asynchronous invocation.
 */
export function noticesOf(event: unknown): Notice[] {
  const parsed = v.safeParse(outcome, event);
  if (!parsed.success) {
    throw new RequestError("this is no record of an asynchronous Lambda invocation", {
      hint: "Make notify the function's destination for success and failure; it is not invoked by hand.",
    });
  }
  const { requestContext, responsePayload } = parsed.output;
  if (requestContext.condition !== "Success") return [failureNotice(parsed.output)];
  const summary = responsePayload as Partial<Summary> | undefined;
  if (summary?.runId === undefined || summary.dryRun === true) return [];
  return (summary.months ?? []).map(({ month, status, revision, manifest }) => ({
    audience: "machines",
    subject: `${month} ${status}`,
    message: JSON.stringify({ extract: summary.extract, month, status, revision, manifest }),
  }));
}

function failureNotice({ timestamp, requestContext, requestPayload, responsePayload }: Outcome): Notice {
  const { requestId, functionArn, condition, approximateInvokeCount } = requestContext;
  const name = functionArn.split(":")[6] ?? functionArn;
  const [, service = name, stage = "", task = ""] = /^(.*)-([^-]+)-([^-]+)$/.exec(name) ?? [];
  const { errorType = condition, errorMessage = "" } = v.is(failure, responsePayload) ? responsePayload : {};
  const [what = "", hint = "The log has more."] = errorMessage.split(TRY);
  const request = requestOf(requestPayload, timestamp);
  const months = request?.months;
  const span =
    months === undefined ? "a run" : months.length === 1 ? months[0] : `${months[0]} to ${months.at(-1)}`;
  const other =
    request === undefined || request.extract === defaultExtract ? undefined : request.extract.name;
  const label = other === undefined ? span : `${other} of ${span}`;
  const verdict = task === "verify" ? "is missing or damaged" : "was not published";
  const rerun = request === undefined ? requestPayload : inputOf(request);

  const message = `The ${other === undefined ? `loan extract of ${span}` : `extract ${label}`} ${verdict}.

What happened
  ${errorType}: ${what.replaceAll("\n", "\n  ")}

What it means
  ${meanings[errorType] ?? "The program did not foresee this. Lambda ended it, or it has a bug."}

What to do next
  ${hint.replaceAll("\n", "\n  ")}
  Then, in a clone of the project:

  npx serverless invoke --stage ${stage} --function extract --type Event --data '${JSON.stringify(rerun)}'

  What is published already stays as it is; running a month again never does harm.

Where to look
  Log group /aws/lambda/${name}, request ${requestId}:

  aws logs tail /aws/lambda/${name} --since 1d --filter-pattern '"${requestId}"'

Function ${name}, ${approximateInvokeCount} ${approximateInvokeCount === 1 ? "try" : "tries"}, given up ${timestamp} (${condition}).
`;
  return {
    audience: "people",
    subject: subjectLine(`[${service} ${stage}] ${label} ${verdict}: ${errorType}`),
    message,
  };
}

/** What the run was asked for, undefined if that can't be told. */
function requestOf(requestPayload: unknown, timestamp: string): Request | undefined {
  try {
    return parseRequest(requestPayload, new Date(timestamp));
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function inputOf({ extract, months, restate, dryRun }: Request): object {
  const asked = months.length === 1 ? { month: months[0] } : { from: months[0], to: months.at(-1) };
  const named = extract === defaultExtract ? {} : { extract: extract.name };
  return { ...named, ...asked, ...(restate && { restate }), ...(dryRun && { dryRun }) };
}

/** Source: Amazon SNS API Reference, `Publish`, `Subject`. */
function subjectLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").slice(0, 99);
}
