/** The e-mail about a run, a verification or an announcement that failed. */
import { RequestError } from "../platform/errors";
import type { Month } from "../platform/month";
import {
  type Failure,
  type FailureDetails,
  failureNotice,
  failureOf,
  type InvocationRecord,
  type Notice,
  parseInvocationRecord,
  taskOf,
} from "../platform/lambda/notice";
import { createdKey } from "./announcement";
import { defaultExtract } from "./definitions";
import { inputOf, parseRequest, type Request } from "./request";

/** What each error means to the person on call. The names are those of `platform/errors.ts`. */
const meanings: Readonly<Record<string, string>> = {
  ConfigError: "The function's settings are wrong. No run can succeed until they are corrected.",
  RequestError: "The input asks for something that the program can't do. Nothing was read.",
  CredentialsError: "The database refuses the credentials in the secret, or the secret can't be read.",
  DatabaseUnavailableError: "The database can't be reached. The retries failed in the same way.",
  QueryError: "The database refused a statement, or its content can't be extracted. A retry won't help.",
  DefinitionError: "The statement and the definition of the extract disagree. The data is not the cause.",
  DataError: "A row of the source does not fit the columns of its definition. A retry won't help.",
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
 * The e-mail about a failed run, verification or announcement.
 *
 * @throws RequestError if the event is not the record of a failed asynchronous invocation.
 */
export function noticeOf(event: unknown): Notice {
  const record = parseInvocationRecord(event);
  const failure = failureOf(record);
  return failureNotice(record, failure, { meanings, ...detailsOf(record, failure) });
}

type Details = Omit<FailureDetails, "meanings">;

const reassurance = "Files that are published stay as they are. Running a month again never does harm.";

function detailsOf(record: InvocationRecord, failure: Failure): Details {
  const task = taskOf(record);
  const key = createdKey(record.requestPayload);
  if (task === "announce" && key !== undefined) return announcementDetails(key);
  const request = requestOf(record);
  if (request === undefined) {
    return {
      ...{ label: `a run of ${task}`, verdict: "failed", sentence: `A run of ${task} failed` },
      ...{ rerun: { task, input: record.requestPayload }, reassurance },
    };
  }
  if (task === "extract") return runDetails(request, failure);
  if (task === "announce") {
    return { ...describeSpan(request, "was not announced"), rerun: { task, input: inputOf(request) } };
  }
  // Only a verification that could read everything says what the month is; then the extract mends it.
  return failure.name === "VerificationError"
    ? {
        ...describeSpan(request, "is missing or damaged"),
        rerun: { task: "extract", input: inputOf(request) },
      }
    : { ...describeSpan(request, "could not be verified"), rerun: { task, input: inputOf(request) } };
}

function announcementDetails(key: string): Details {
  return {
    label: key,
    verdict: "was not announced",
    sentence: `The manifest ${key} was written, but was not announced to machines`,
    rerun: {
      task: "announce",
      input: { "detail-type": "Object Created", detail: { object: { key } } },
    },
    reassurance: "Announcing a month again never does harm.",
  };
}

/** The months before the one that failed are published. */
function runDetails(request: Request, { done, hint }: Failure): Details {
  const [first, ...others] = request.months.filter((month) => !done.includes(month));
  const remaining: Request = first === undefined ? request : { ...request, months: [first, ...others] };
  const wasStopped = hint === undefined && remaining.months.length > 1;
  return {
    ...describeSpan(remaining, wasStopped ? "was not finished" : "was not published"),
    done: doneSentence(remaining.months, done, wasStopped),
    rerun: { task: "extract", input: inputOf(remaining) },
  };
}

/** A run that Lambda has ended can't say which months are published. */
function doneSentence(
  months: readonly Month[],
  done: readonly string[],
  wasStopped: boolean,
): string | undefined {
  if (done.length > 0) return `${done.join(", ")} ${done.length === 1 ? "is" : "are"} published.`;
  if (!wasStopped) return undefined;
  return `Some of these months may be published: npx bank-batch status --from ${months[0] ?? ""} --to ${months.at(-1) ?? ""} shows which.`;
}

function describeSpan(
  { definition, months }: Request,
  verdict: string,
): Pick<Details, "label" | "verdict" | "sentence" | "reassurance"> {
  const span = spanOf(months);
  const isOther = definition !== defaultExtract;
  const label = isOther ? `${definition.name} of ${span}` : span;
  const sentence = `The ${isOther ? `extract ${label}` : `loan extract of ${span}`} ${verdict}`;
  return { label, verdict, sentence, reassurance };
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
