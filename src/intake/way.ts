/**
 * The way of a delivery, step by step, as the state machine and the command line take it: receive, load, stage, settle. The
 * state between two steps is small JSON without any content of the file.
 */
import * as v from "valibot";

import { openBucket, openVersions } from "../platform/bucket/bucket";
import { type Connection, withConnection } from "../platform/database/connection";
import { credentialsToTry } from "../platform/database/credentials";
import type { Edge } from "../platform/edge";
import { RequestError } from "../platform/errors";
import { DONE, TRY } from "../platform/lambda/handler";
import type { Notice } from "../platform/lambda/notice";
import type { DatabaseSettings } from "../platform/settings";
import { type Arrival, arrival, arrivalId } from "./arrival";
import type { LoadRequest } from "./load";
import { type LoadSummary, loadArrival } from "./load-arrival";
import { type DeliveryMessage, lostNotice, messageOf, noticeOf } from "./messages";
import { receive, type Reception } from "./receive";
import type { Failure, FoundReport, Outcome, StagedRows } from "./report";
import {
  parseBucketSettings,
  parseLoadSettings,
  parseReceiveSettings,
  parseSettleSettings,
  type Topics,
} from "./settings";
import { settle } from "./settle";
import { notLoaded, stage } from "./stage";

const landed = v.object({ bucket: v.string(), key: v.string(), versionId: v.string() });
const objectAt = v.object({ key: v.string(), versionId: v.nullable(v.string()) });

/** What an error is to Step Functions. Source: AWS Step Functions Developer Guide, "Handling errors". */
const caught = v.object({ Error: v.string(), Cause: v.optional(v.string(), "") });

/** The state between two steps. */
const state = v.object({
  arrival,
  load: v.optional(v.object({ outcome: v.picklist(["loaded", "unchanged", "rejected"]), result: objectAt })),
  stage: v.optional(
    v.object({ ...objectAt.entries, rowCount: v.number(), byteCount: v.number(), sha256: v.string() }),
  ),
  ifMissing: v.optional(v.picklist(["wait", "reject"]), "wait"),
  error: v.optional(caught),
});

type State = v.InferOutput<typeof state>;

/** What a step returns: the state for the next one. */
type Next<Part> = Pick<State, "arrival" | "ifMissing"> & Part;

/** @throws RequestError if a step gets something else than the step before has returned. */
function parseState<Schema extends v.GenericSchema>(schema: Schema, input: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "input"}: ${issue.message}`);
  throw new RequestError(`wrong input: ${problems.join("; ")}`, {
    hint: 'Start the state machine with {"bucket": …, "key": …, "versionId": …}; each step gets what the one before returned.',
  });
}

/** First step. @throws ConfigError, RequestError, StorageError, ConflictError; see {@link receive}. */
export async function receiveStep(input: unknown, edge: Edge): Promise<Next<Pick<Reception, "step">>> {
  const settings = parseReceiveSettings(edge.environment);
  const address = parseState(landed, input);
  const [landing, bucket, objects] = await Promise.all([
    openVersions(settings.landing, edge),
    openVersions(settings.bucket, edge),
    openBucket(settings.bucket, edge),
  ]);
  const { step, ...received } = await receive(landing, bucket, objects, address);
  return { arrival: received, step, ifMissing: "wait" };
}

/** Second step. @throws any error of {@link loadArrival}. */
export async function loadStep(
  input: unknown,
  edge: Edge,
  onProgress?: LoadRequest["onProgress"],
): Promise<Next<{ readonly load: LoadSummary }>> {
  const settings = parseLoadSettings(edge.environment);
  const { arrival: received, ifMissing } = parseState(state, input);
  const load = await loadArrival(received, {
    objects: await openBucket(settings.bucket, edge),
    connected: (use) => connected(settings.database, edge, use),
    ...{ ifMissing, now: edge.now() },
    ...(onProgress && { onProgress }),
  });
  return { arrival: received, ifMissing, load };
}

/** Lends a connection of the role that loads. */
export async function connected<Outcome>(
  settings: DatabaseSettings,
  { aws, deadline }: Edge,
  use: (connection: Connection) => Promise<Outcome>,
): Promise<Outcome> {
  const candidates = credentialsToTry(await aws.secretsManager(), settings, deadline.signal);
  return withConnection(settings, candidates, deadline, use);
}

/** Third step, for a delivery that was loaded. @throws any error of {@link stage}. */
export async function stageStep(
  input: unknown,
  edge: Edge,
): Promise<Next<{ readonly load: State["load"]; readonly stage: StagedRows }>> {
  const settings = parseBucketSettings(edge.environment);
  const { arrival: received, ifMissing, load } = parseState(state, input);
  if (load === undefined) throw notLoaded(received);
  const objects = await openBucket(settings.bucket, edge);
  return {
    arrival: received,
    ifMissing,
    load,
    stage: await stage(received, load.result, objects),
  };
}

/** What the last step has done. */
export interface Settled {
  readonly id: string;
  readonly outcome: Outcome;
  /** The report's key; missing if there is nothing to report on. */
  readonly report?: string;
}

/**
 * Last step: what is kept is written, the messages are sent, and the landing object is removed, in this order.
 *
 * @param send sends a message; a repeated step sends it again.
 */
export async function settleStep(
  input: unknown,
  edge: Edge,
  send: (message: Messages) => Promise<void>,
): Promise<Settled> {
  const settings = parseSettleSettings(edge.environment);
  const { arrival: received, load, stage: staged, error } = parseState(state, withArrival(input));
  const failure = error && failureOf(error);
  const [landing, bucket, objects] = await Promise.all([
    openVersions(settings.landing, edge),
    openVersions(settings.bucket, edge),
    openBucket(settings.bucket, edge),
  ]);
  const request = { arrival: received, result: load?.result, staged, failure };
  const settled = await settle(request, { objects, bucket, now: edge.now(), runId: edge.runId });
  await send(messagesAbout(settled, received, failure, settings.bucket.bucket));
  if (settled === undefined) return { id: received.id, outcome: "failed" };
  if (received.landing) await landing.removeVersion(received.landing.key, received.landing.versionId);
  return { id: received.id, outcome: settled.report.outcome, report: settled.key };
}

/** If receiving has failed, the state is what the state machine was started with. */
function withArrival(input: unknown): unknown {
  if (!v.is(landed, input)) return input;
  const { bucket, key, versionId } = input;
  const id = arrivalId(bucket, key, versionId);
  return { ...input, arrival: { id, key, landing: { bucket, key, versionId } } };
}

const errorPayload = v.pipe(v.string(), v.parseJson(), v.looseObject({ errorMessage: v.string() }));

/** What the error that left a Lambda says: what happened, without what was done before and what to do. */
function failureOf({ Error: name, Cause: cause }: v.InferOutput<typeof caught>): Failure {
  const parsed = v.safeParse(errorPayload, cause);
  const [message = ""] = (parsed.success ? parsed.output.errorMessage : cause).split(TRY);
  return { name, message: message.split(DONE)[0] ?? message };
}

/** What is sent about a delivery: nothing to people if all is well. */
export interface Messages {
  readonly people: Notice | undefined;
  readonly machines: DeliveryMessage | undefined;
}

export function messagesAbout(
  settled: FoundReport | undefined,
  received: Arrival,
  failure: Failure | undefined,
  bucket: string,
): Messages {
  return settled === undefined
    ? { people: lostNotice(received, failure), machines: undefined }
    : { people: noticeOf(settled, bucket), machines: messageOf(settled, bucket) };
}

/** Sends each message to its topic, if there is one. */
export async function sendMessages(
  { people, machines }: Messages,
  { aws, deadline }: Pick<Edge, "aws" | "deadline">,
  topics: Topics,
): Promise<void> {
  const [{ PublishCommand }, sns] = await Promise.all([import("@aws-sdk/client-sns"), aws.sns()]);
  const send = async (topicArn: string | undefined, subject: string, message: string) => {
    if (topicArn === undefined) return;
    const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message });
    await sns.send(command, { abortSignal: deadline.signal });
  };
  if (machines) await send(topics.machines, `delivery ${machines.outcome}`, JSON.stringify(machines));
  if (people) await send(topics.people, people.subject, people.message);
}
