/**
 * The main path, top to bottom: connection → snapshot → rows → CSV → one staged upload for each bank → reconciliation →
 * publication. Settings and input were checked before (`run.ts`), and everything that it talks to is handed in.
 */
import { version as programVersion } from "../../package.json";
import { openBucket } from "../platform/bucket/bucket";
import type { ObjectStore } from "../platform/bucket/object-store";
import type { OpenUpload } from "../platform/bucket/staged-upload";
import { withUploads } from "../platform/bucket/uploads";
import { type Connection, withConnection } from "../platform/database/connection";
import { credentialsToTry } from "../platform/database/credentials";
import { BatchError, DeadlineError } from "../platform/errors";
import type { Edge } from "../platform/edge";
import type { Month } from "../platform/month";
import {
  permissionFor,
  planPublication,
  type Publication,
  publish,
  readPublication,
} from "../platform/publication/publication";
import { type ExtractDefinition, isEmpty, parseTotals } from "./definition";
import { type MonthSummary, Progress, type RunEvent } from "./events";
import { laterMonths } from "./later-months";
import type { ComparedMonth } from "./month-comparison";
import { explain, refuseWithdrawn, WouldChangeError } from "./refusal";
import { makeFiles } from "./month-files";
import { describeMonth, type Manifest, parseMonthManifest } from "./month-manifest";
import { type Bank, isBankFileKey, type KeyedBank, type Layout, manifestKey, objectKey } from "./object-key";
import { reconcile } from "./reconciliation";
import type { Request } from "./request";
import type { ExtractSettings } from "./settings";
import { addChanges, summarise } from "./summary";
import { lockMonths, openSource, readBanksBefore, type Source } from "./source";

/** What a run works with. */
export interface Run extends Omit<Edge, "environment"> {
  readonly settings: ExtractSettings;
  readonly observe: (event: RunEvent) => void;
}

/** What a run did, or would do; the Lambda returns it and `--json` prints it. */
export interface Summary {
  readonly runId: string;
  readonly extract: string;
  readonly dryRun?: true;
  readonly months: readonly MonthSummary[];
  /** The published months whose windows contain a month that was restated: restate them too. */
  readonly laterMonths?: readonly Month[];
}

/**
 * Extracts the months asked for from one snapshot, and publishes them one after the other.
 *
 * @throws any error of `platform/errors.ts`. The month that failed is left as it was; the months before it stay
 *   published, and the error names them. No upload and no connection stays open.
 */
export async function extract(request: Request, run: Run): Promise<Summary> {
  const done: MonthSummary[] = [];
  const progress = new Progress();
  const observe = (event: RunEvent) => {
    progress.observe(event);
    run.observe(event);
  };
  try {
    const { settings, deadline, aws } = run;
    // S3's client is the largest module, so it loads while the connection is made.
    const opening = openBucket(settings.output.bucket, run);
    opening.catch(() => undefined);
    const candidates = credentialsToTry(await aws.secretsManager(), settings.database, deadline.signal);
    const restated = await withConnection(settings.database, candidates, deadline, (connection) =>
      extractMonths(connection, opening, request, { ...run, observe }, done),
    );
    const later = await laterMonths(await opening, settings.output.layout, request, restated);
    return {
      ...{ runId: run.runId, extract: request.definition.name, ...(request.dryRun && { dryRun: true }) },
      ...{ months: done, ...(later.length > 0 && { laterMonths: later }) },
    };
  } catch (error) {
    const { signal } = run.deadline;
    const failure = signal.aborted ? withProgress(signal.reason, progress) : error;
    // A dry run has published nothing that could be kept.
    if (failure instanceof BatchError && !request.dryRun) failure.done = done.map(({ month }) => month);
    throw failure;
  }
}

/** Finding out what a refused month would change takes about as long as reading the month, for which there must be time. */
const READINGS_TO_SPARE = 3;

/** Everything that fails after the time limit fails because of it. */
function withProgress(reason: unknown, progress: Progress): unknown {
  if (!(reason instanceof DeadlineError)) return reason;
  const { message, hint } = reason;
  return new DeadlineError(`${message}, ${progress.describe()}`, { hint, cause: reason });
}

/**
 * Extracts the months through an open connection.
 *
 * @param opening the bucket.
 * @param done gets each month when it is done.
 * @returns the months that were restated, or would be.
 */
export async function extractMonths(
  connection: Connection,
  opening: Promise<ObjectStore>,
  request: Request,
  run: Run,
  done: MonthSummary[],
): Promise<readonly Month[]> {
  const { bucket, layout } = run.settings.output;
  const timeAtStartMs = run.deadline.timeLeftMs();
  let startedAt = run.now();
  run.observe({ step: "connected", host: connection.host, database: connection.database });
  if (!request.dryRun) await lockMonths(connection, request, `s3://${bucket.bucket}/${layout.prefix}`);
  const objects = await opening;
  // Before the snapshot: a run may only replace what was published when its data was read, or earlier.
  const publications = await openPublications(await readBanksBefore(connection), request, run, objects);
  const source = await openSource(connection, request, neverEmpty(publications, request));
  await source.checked;
  const restated: ComparedMonth[] = [];
  for (const publication of publications) {
    try {
      const { summary, compared } = await extractMonth(publication, request, run, source, objects, startedAt);
      done.push(summary);
      startedAt = run.now();
      if (summary.status === "restated" && compared !== undefined) restated.push(compared);
    } catch (error) {
      const timeUsedMs = timeAtStartMs - run.deadline.timeLeftMs();
      const hasTime = run.deadline.timeLeftMs() > READINGS_TO_SPARE * timeUsedMs;
      if (error instanceof WouldChangeError && hasTime) await explain(error, source, objects);
      throw error;
    }
  }
  if (request.diff) await addChanges(done, restated, source, objects);
  return restated.map(({ month }) => month);
}

/**
 * Publishes one month, or leaves it as it was.
 *
 * @param startedAt when the run began with it; the first month's time includes that of the snapshot.
 */
function extractMonth(
  publication: MonthPublication,
  request: Request,
  run: Run,
  source: Source,
  objects: ObjectStore,
  startedAt: Date,
): Promise<{ readonly summary: MonthSummary; readonly compared: ComparedMonth | undefined }> {
  return withUploads(objects, async (uploads) => {
    const { definition, restate, dryRun } = request;
    const { layout, lineEnding } = run.settings.output;
    const { month } = publication;
    const manifest = publication.manifest?.content;
    if (!restate) refuseWithdrawn(month, manifest);
    const banks = keyedFiles(month, source.banks, request, run);
    const leftOver = dryRun ? [] : await leftOverUploads(month, definition, layout, objects);

    const permission = permissionFor(publication, restate);
    // A published month that may not change is made only to be compared.
    const staging = dryRun || permission === "nothing" ? undefined : uploads;
    const files = await makeFiles(source.rows, {
      ...{ definition, month, banks, lineEnding, uploads: staging, observe: run.observe },
    });
    const { quality } = await reconcile(definition, month, files, source.controls, () =>
      source.readBankTotals(month),
    );
    run.observe({ step: "reconciled", month });

    const compared = manifest && { definition, month, manifest, files, lineEnding };
    const plan = planPublication(files, publication, permission, (published) => {
      throw new WouldChangeError({ definition, month, manifest: published, files, lineEnding });
    });
    if (!dryRun) {
      const { motive } = request;
      const provenance = {
        runId: run.runId,
        startedAt,
        programVersion,
        source: source.provenance,
        quality,
        motive,
      };
      const replaced = { revision: plan.revision, replaced: manifest };
      await publish(objects, uploads, plan, publication, (versionOf) =>
        describeMonth(definition, month, files, versionOf, replaced, {
          ...provenance,
          publishedAt: run.now(),
        }),
      );
      // Only now: they may belong to a run that is alive, and if both aborted the other's, nobody would publish.
      await uploads.abort(leftOver);
    }
    const summary = summarise(definition, month, publication.manifestKey, plan, files);
    run.observe({ step: "done", dryRun, ...summary });
    return { summary, compared };
  });
}

type KeyedFile = Bank & { readonly key: string };
type MonthPublication = Publication<Manifest> & { readonly month: Month };

/** What the bucket holds of all months asked for. */
function openPublications(
  banks: readonly KeyedBank[],
  request: Request,
  run: Run,
  objects: ObjectStore,
): Promise<MonthPublication[]> {
  const { definition, months } = request;
  return Promise.all(
    months.map(async (month) => {
      const key = manifestKey(run.settings.output.layout, definition.folder, month);
      const keys = keyedFiles(month, banks, request, run).map((file) => file.key);
      const parse = (text: string) => parseMonthManifest(definition, month, key, text);
      return { month, ...(await readPublication(objects, key, keys, parse)) };
    }),
  );
}

/** The months that the run would publish or restate; not those that are published as empty already. */
function neverEmpty(publications: readonly MonthPublication[], request: Request): Month[] {
  const { definition, restate, allowEmpty } = request;
  if (allowEmpty) return [];
  const toWrite = publications.filter(({ manifest }) => {
    if (manifest === undefined || manifest.content.state === "withdrawn") return true;
    return restate && !isEmpty(definition, parseTotals(definition, manifest.content.totals));
  });
  return toWrite.map(({ month }) => month);
}

function keyedFiles(
  month: Month,
  banks: readonly KeyedBank[],
  { definition }: Request,
  { settings }: Run,
): KeyedFile[] {
  const { layout } = settings.output;
  return banks.map(({ id, name, keyName }) => ({
    ...{ id, name, key: objectKey(layout, definition.folder, keyName, month) },
  }));
}

/**
 * The uploads of a month that are open before this run stages its own: of a run that died, or of another active run. They
 * are found by the form of their keys, because a bank may have been renamed since.
 */
function leftOverUploads(
  month: Month,
  { folder }: ExtractDefinition,
  layout: Layout,
  objects: ObjectStore,
): Promise<OpenUpload[]> {
  return objects.openUploads(layout.prefix + folder, (key) => isBankFileKey(layout, folder, month, key));
}
