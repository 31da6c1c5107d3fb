/** Where Lambda and command line meet: settings and input are checked, and one path serves both from here on. */
import { openBucket } from "../platform/bucket/bucket";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { Edge } from "../platform/edge";
import { DeadlineError, RequestError, StorageError } from "../platform/errors";
import type { Month } from "../platform/month";
import { parseBoth } from "../platform/settings";
import { type Announcement, announcementOf, createdKey, monthOfKey } from "./announcement";
import type { RunEvent } from "./events";
import { extract, type Summary } from "./extract";
import { parseRequest, type Request } from "./request";
import { type OutputSettings, parseExtractSettings, parseOutputSettings } from "./settings";
import { type MonthVerification, verifyMonth } from "./verification";
import { type Withdrawal, withdrawMonth } from "./withdrawal";

/**
 * Runs the extract for an input: a schedule's event, `{"month": "2026-09"}`, or a range.
 *
 * @param observe is called with each step of the run.
 * @throws ConfigError or RequestError that names everything that is wrong, before any connection; later any error that
 *   {@link extract} throws.
 */
export async function run(
  input: unknown,
  { environment, ...edge }: Edge,
  observe: (event: RunEvent) => void,
): Promise<Summary> {
  const { settings, request } = parseBoth(
    () => parseExtractSettings(environment),
    () => parseRequest(input, edge.now()),
  );
  return extract(request, { ...edge, settings, observe });
}

/**
 * Verifies published months, for which the bucket's settings suffice.
 *
 * @param observe is called with each month when it is done.
 * @throws ConfigError or RequestError like {@link run}; StorageError or DeadlineError if a month could not be read. A
 *   month that is missing or damaged is a result, not an error.
 */
export async function verify(
  input: unknown,
  edge: Edge,
  observe: (month: MonthVerification) => void,
): Promise<readonly MonthVerification[]> {
  const { objects, output, request } = await openPublished(input, edge);
  const months: MonthVerification[] = [];
  for (const month of request.months) {
    const verification = await verifyMonth(objects, output.layout, request.definition, month).catch(
      (error: unknown) => {
        throw unverified(error, month, months);
      },
    );
    observe(verification);
    months.push(verification);
  }
  return months;
}

/** The error for a month that could not be read, with what was found in the months before it. */
function unverified(error: unknown, month: Month, before: readonly MonthVerification[]): unknown {
  if (error instanceof StorageError || error instanceof DeadlineError) {
    const found = before.flatMap(({ problems }) => problems);
    const findings = found.length === 0 ? "" : `; found before that: ${found.join("; ")}`;
    error.message = `${month} could not be verified: ${error.message}${findings}`;
    error.done = before.map((verification) => verification.month);
  }
  return error;
}

/**
 * Announces published months: the one whose manifest S3 reports, or those that the input asks for.
 *
 * @param send sends one message.
 * @throws ConfigError or RequestError like {@link run}, StorageError.
 */
export async function announce(
  input: unknown,
  edge: Edge,
  send: (announcement: Announcement) => Promise<void>,
): Promise<readonly Announcement[]> {
  const key = createdKey(input);
  const output = parseOutputSettings(edge.environment);
  const created = key === undefined ? undefined : monthOfKey(output.layout, key);
  if (key !== undefined && created === undefined) return [];
  const { definition, months } =
    created === undefined
      ? parseRequest(input, edge.now())
      : { definition: created.definition, months: [created.month] };
  const objects = await openBucket(output.bucket, edge);
  const announced: Announcement[] = [];
  for (const month of months) {
    const announcement = await announcementOf(objects, output.layout, definition, month);
    if (announcement === undefined) continue;
    await send(announcement);
    announced.push(announcement);
  }
  return announced;
}

/**
 * Withdraws published months, for which the bucket's settings suffice.
 *
 * @param input names the months, and who withdraws them and why.
 * @param observe is called with each month when it is done.
 * @throws ConfigError or RequestError like {@link run}; any error of {@link withdrawMonth}.
 */
export async function withdraw(
  input: Readonly<Record<string, unknown>>,
  edge: Edge,
  observe: (withdrawal: Withdrawal) => void,
): Promise<readonly Withdrawal[]> {
  // A withdrawal changes what is published, as a restatement does, and has a reason like one.
  const { objects, output, request } = await openPublished({ ...input, restate: true }, edge);
  const { definition, motive } = request;
  if (motive.reason === undefined) {
    throw new RequestError("wrong input: reason is missing: a withdrawal says why", {
      hint: 'Add --reason "…": the manifest keeps it, for everybody who reads the month.',
    });
  }
  const withdrawn: Withdrawal[] = [];
  for (const month of request.months) {
    const provenance = { runId: edge.runId, publishedAt: edge.now(), motive };
    const withdrawal = await withdrawMonth(objects, output.layout, definition, month, provenance);
    observe(withdrawal);
    withdrawn.push(withdrawal);
  }
  return withdrawn;
}

/** What a reader of published months needs. */
export interface PublishedMonths {
  readonly request: Request;
  readonly objects: ObjectStore;
  readonly output: OutputSettings;
}

/** Opens the bucket for reading. @throws ConfigError or RequestError like {@link run}. */
export async function openPublished(input: unknown, edge: Edge): Promise<PublishedMonths> {
  const { settings: output, request } = parseBoth(
    () => parseOutputSettings(edge.environment),
    () => parseRequest(input, edge.now()),
  );
  return { request, output, objects: await openBucket(output.bucket, edge) };
}
