/** What people and machines are told of a run of the extract or of its verification. */
import { RequestError } from "../platform/errors";
import {
  errorTypeOf,
  failureNotice,
  type InvocationRecord,
  type Notice,
  parseInvocationRecord,
  taskOf,
} from "../platform/lambda/notice";
import { defaultExtract } from "./definitions";
import type { Summary } from "./extract";
import { parseRequest, type Request } from "./request";

/** What each error means to the person on call. The names are those of `platform/errors.ts`. */
const meanings: Readonly<Record<string, string>> = {
  ConfigError: "The function's settings are wrong. No run can succeed until they are corrected.",
  RequestError: "The input asks for something that the program can't do. Nothing was read.",
  CredentialsError: "The database refuses the credentials in the secret, or the secret can't be read.",
  DatabaseUnavailableError: "The database can't be reached. The retries failed in the same way.",
  QueryError: "The database refused a statement, or its content can't be extracted. A retry won't help.",
  DefinitionError: "The statement and the definition of the extract disagree. The data is not the cause.",
  ReconciliationError: "The files would not agree with the source. They were not published.",
  AlreadyPublishedError:
    "The month is published, and its data has changed since. The published files are as they were.",
  ConflictError:
    "Another run of the month was active at each attempt. It may have published the month: verify shows that.",
  StorageError: "S3 refused a request or lost an upload.",
  DeadlineError: "The run takes longer than the function may. It was stopped cleanly at each attempt.",
  VerificationError: "What consumers find for the month is missing, or is not what its manifest says.",
};

/**
 * A failure is reported to people, each month of a successful run to machines, and nothing of a dry run or of a
 * verification without a problem.
 *
 * @throws RequestError if the event is not the record of an asynchronous invocation.
 */
export function noticesOf(event: unknown): Notice[] {
  const record = parseInvocationRecord(event);
  if (record.requestContext.condition !== "Success") return [failureOf(record)];
  const summary = record.responsePayload as Partial<Summary> | undefined;
  if (summary?.runId === undefined || summary.dryRun === true) return [];
  return (summary.months ?? []).map(({ month, status, revision, manifest }) => ({
    audience: "machines",
    subject: `${month} ${status}`,
    message: JSON.stringify({ extract: summary.extract, month, status, revision, manifest }),
  }));
}

function failureOf(record: InvocationRecord): Notice {
  const request = requestOf(record);
  const isOther = request !== undefined && request.definition !== defaultExtract;
  const name = request?.definition.name ?? "";
  const span = request === undefined ? "a run" : spanOf(request.months);
  const label = isOther ? `${name} of ${span}` : span;
  const { verdict, task } = whatHappened(record);
  return failureNotice(record, {
    ...{ label, verdict, meanings },
    sentence: `The ${isOther ? `extract ${label}` : `loan extract of ${span}`} ${verdict}`,
    rerun: { task, input: request === undefined ? record.requestPayload : inputOf(request) },
    reassurance: "Files that are published stay as they are. Running a month again never does harm.",
  });
}

/** Only a verification that has looked at everything says what the month is; then running the extract mends it. */
function whatHappened(record: InvocationRecord): { readonly verdict: string; readonly task: string } {
  if (taskOf(record) !== "verify") return { verdict: "was not published", task: "extract" };
  return errorTypeOf(record) === "VerificationError"
    ? { verdict: "is missing or damaged", task: "extract" }
    : { verdict: "could not be verified", task: "verify" };
}

function spanOf(months: readonly string[]): string {
  const [first = "", last = first] = [months[0], months.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

/** What the run was asked for, undefined if the payload is not an input of a run. */
function requestOf({ requestPayload, timestamp }: InvocationRecord): Request | undefined {
  try {
    return parseRequest(requestPayload, new Date(timestamp));
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function inputOf({ definition, months, restate, allowEmpty, dryRun }: Request): object {
  const asked = months.length === 1 ? { month: months[0] } : { from: months[0], to: months.at(-1) };
  const named = definition === defaultExtract ? {} : { extract: definition.name };
  return {
    ...named,
    ...asked,
    ...(restate && { restate }),
    ...(allowEmpty && { allowEmpty }),
    ...(dryRun && { dryRun }),
  };
}
