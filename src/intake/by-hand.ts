/** A delivery by hand: the steps of the state machine, one after another, for files of this machine or for one in the bucket. */
import { createReadStream } from "node:fs";

import { openBucket, openVersions } from "../platform/bucket/bucket";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { ObjectVersions } from "../platform/bucket/object-versions";
import type { Edge } from "../platform/edge";
import { DataError, RequestError } from "../platform/errors";
import { parseDeliveryName, type Delivery } from "./delivery";
import { feedNames } from "./feeds";
import { checkAndLoad } from "./load";
import { type LoadSummary, loadArrival } from "./load-arrival";
import { messageOf } from "./messages";
import { deliveryKey, receiveAgain, receiveFile, type Reception } from "./receive";
import type { Outcome } from "./report";
import type { DeliveryCounts, DeliveryResult, Problem } from "./result";
import { readResult } from "./result-object";
import { parseByHandSettings, parseCheckSettings } from "./settings";
import { settle } from "./settle";
import { stage } from "./stage";
import { connected, messagesAbout, sendMessages } from "./way";

export type IntakeEvent =
  | { readonly step: "receiving" | "staging" | "settling"; readonly file: string }
  | { readonly step: "loading"; readonly file: string; readonly records: number; readonly byteCount: number };

/** What became of one file. */
export interface Taken {
  /** As it was given: a file of this machine, or a key. */
  readonly file: string;
  readonly outcome: Outcome;
  readonly feed?: string;
  readonly bank?: string;
  readonly businessTime?: string;
  readonly counts?: DeliveryCounts;
  readonly rejectedRecords: number;
  readonly problemCount: number;
  /** The first of them, without the records. */
  readonly problems: readonly Omit<Problem, "record">[];
  /** The report's key; missing from a dry run, which writes none. */
  readonly report?: string;
  /** The key of our copy, to take the delivery again. */
  readonly raw?: string;
}

type Observe = (event: IntakeEvent) => void;

const SHOWN_PROBLEMS = 20;

/**
 * The files in the order in which they are taken: by feed, then by business time. Files with wrong names come last.
 *
 * @throws RequestError if a file is named twice.
 */
export function inFeedOrder(files: readonly string[]): readonly string[] {
  const twice = files.find((file, at) => files.indexOf(file) !== at);
  if (twice !== undefined)
    throw new RequestError(`wrong input: ${twice} is named twice`, { hint: "Name each file once." });
  return files
    .map((file) => ({ file, ...rankOf(file) }))
    .sort((one, other) => one.feed - other.feed || one.time - other.time)
    .map(({ file }) => file);
}

function rankOf(file: string): { readonly feed: number; readonly time: number } {
  const name = parseDeliveryName(deliveryKey(file, "Bank"));
  if ("problem" in name) return { feed: feedNames.length + 1, time: 0 };
  const feed = feedNames.indexOf(name.feed);
  return { feed: feed < 0 ? feedNames.length : feed, time: Date.parse(name.businessTime) };
}

/**
 * Takes a file of this machine as if its bank had sent it. Taken again, it is `unchanged`.
 *
 * @throws WaitingError if it refers to rows that don't exist yet; any error of a step. Nothing is loaded then.
 */
export async function intakeFile(file: string, bank: string, edge: Edge, observe: Observe): Promise<Taken> {
  const hands = await openHands(edge);
  observe({ step: "receiving", file });
  const reception = await receiveFile(hands.bucket, hands.objects, file, bank);
  return take(file, reception, hands, edge, observe);
}

/**
 * Takes a delivery in `raw/` or `error/` again.
 *
 * @throws RequestError if there is none; otherwise like {@link intakeFile}.
 */
export async function intakeAgain(fileKey: string, edge: Edge, observe: Observe): Promise<Taken> {
  const hands = await openHands(edge);
  observe({ step: "receiving", file: fileKey });
  return take(fileKey, await receiveAgain(hands.bucket, hands.objects, fileKey), hands, edge, observe);
}

/**
 * Checks a file against the database and loads nothing; the bucket is not needed.
 *
 * @throws like {@link intakeFile}.
 */
export async function checkFile(file: string, bank: string, edge: Edge, observe: Observe): Promise<Taken> {
  const { database } = parseCheckSettings(edge.environment);
  const delivery = parseDeliveryName(deliveryKey(file, bank));
  if ("problem" in delivery) return wrongName(file, delivery.problem);
  const result = await connected(database, edge, (connection) =>
    checkAndLoad({
      ...{ delivery, connection, dryRun: true, ifMissing: "wait", now: edge.now() },
      content: { open: () => createReadStream(file) as AsyncIterable<Buffer> },
      onProgress: (progress) => {
        observe({ step: "loading", file, ...progress });
      },
    }),
  );
  return { file, ...described(delivery), ...summary(result) };
}

function wrongName(file: string, reason: string): Taken {
  return { file, outcome: "rejected", rejectedRecords: 0, problemCount: 1, problems: [{ reason }] };
}

interface Hands {
  readonly settings: ReturnType<typeof parseByHandSettings>;
  readonly bucket: ObjectVersions;
  readonly objects: ObjectStore;
}

async function openHands(edge: Edge): Promise<Hands> {
  const settings = parseByHandSettings(edge.environment);
  const [bucket, objects] = await Promise.all([
    openVersions(settings.bucket, edge),
    openBucket(settings.bucket, edge),
  ]);
  return { settings, bucket, objects };
}

async function take(
  file: string,
  reception: Reception,
  { settings, bucket, objects }: Hands,
  edge: Edge,
  observe: Observe,
): Promise<Taken> {
  const { step: _, ...arrival } = reception;
  const load: LoadSummary = await loadArrival(arrival, {
    objects,
    connected: (use) => connected(settings.database, edge, use),
    ...{ ifMissing: "wait", now: edge.now() },
    onProgress: (progress) => {
      observe({ step: "loading", file, ...progress });
    },
  });
  if (load.outcome === "loaded") observe({ step: "staging", file });
  const staged = load.outcome === "loaded" ? await stage(arrival, load.result, objects) : undefined;
  observe({ step: "settling", file });
  const request = { arrival, result: load.result, staged };
  const settled = await settle(request, { objects, bucket, now: edge.now(), runId: edge.runId });
  await sendMessages(messagesAbout(settled, arrival, undefined, bucket.bucket), edge, settings.topics);
  const result = await readResult(objects, load.result);
  const delivery = parseDeliveryName(arrival.key);
  return {
    file,
    ...("problem" in delivery ? {} : described(delivery)),
    ...summary(result),
    ...(settled && { report: messageOf(settled, bucket.bucket).report.key }),
    ...(arrival.raw && { raw: arrival.raw.key }),
  };
}

function described({ feed, bank, businessTime }: Delivery): Pick<Taken, "feed" | "bank" | "businessTime"> {
  return { feed, bank, businessTime };
}

/** Without the records as they came. */
function summary({
  outcome,
  counts,
  problems,
  problemCount = problems.length,
  rejectedRecords = 0,
}: Pick<DeliveryResult, "outcome" | "problems"> & Partial<DeliveryResult>): Omit<Taken, "file"> {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(withoutRecord);
  return { outcome, ...(counts && { counts }), rejectedRecords, problemCount, problems: shown };
}

function withoutRecord(problem: Problem): Omit<Problem, "record"> {
  const { record: _, ...rest } = problem;
  return rest;
}

/** @throws DataError that names the files that were rejected. */
export function expectTaken(taken: readonly Taken[]): void {
  const rejected = taken.filter(({ outcome }) => outcome === "rejected");
  if (rejected.length === 0) return;
  const names = rejected.map(({ file }) => file).join(", ");
  throw new DataError(`${rejected.length === 1 ? "a file was" : "files were"} rejected: ${names}`, {
    hint: "The lines above say what is wrong. Send the report to the bank, which delivers the file again.",
  });
}
