/**
 * The message to machines about a month: which revision is published now. S3 reports each manifest that is written, so a
 * month is announced even if the rest of its run fails, its function dies, or somebody ran it in a terminal.
 */
import * as v from "valibot";

import type { ObjectStore } from "../platform/bucket/object-store";
import { isMonth, type Month } from "../platform/month";
import type { ExtractDefinition } from "./definition";
import { definitions } from "./definitions";
import { findManifest, type Manifest } from "./month-manifest";
import { type Layout, manifestKey } from "./object-key";

/** States what is published, not what happened, so a repeated or late message can't mislead: the revision decides. */
export interface Announcement {
  readonly extract: string;
  readonly month: Month;
  readonly state: Manifest["state"];
  readonly revision: number;
  /** The manifest's key. */
  readonly manifest: string;
  /** The run that published this revision. */
  readonly runId: string;
  readonly publishedAt: string;
}

/** Source: Amazon S3 User Guide, "EventBridge event message structure". */
const objectEvent = v.looseObject({
  "detail-type": v.literal("Object Created"),
  detail: v.looseObject({ object: v.looseObject({ key: v.string() }) }),
});

/** The key of the object that EventBridge reports, undefined if the event is another one. */
export function createdKey(event: unknown): string | undefined {
  const parsed = v.safeParse(objectEvent, event);
  return parsed.success ? parsed.output.detail.object.key : undefined;
}

/** The extract and month of a manifest's key, undefined for any other key. */
export function monthOfKey(
  layout: Layout,
  key: string,
): { readonly definition: ExtractDefinition; readonly month: Month } | undefined {
  const [, year = "", monthOfYear = ""] = /\/?_manifests\/(\d{4})\/(\d{2})\.json$/.exec(key) ?? [];
  const month = `${year}-${monthOfYear}`;
  if (!isMonth(month)) return undefined;
  const definition = definitions.find(({ folder }) => manifestKey(layout, folder, month) === key);
  return definition && { definition, month };
}

/**
 * Reads what is published now, which may be a later revision than the one that caused the event.
 *
 * @returns undefined if the month is not published.
 * @throws StorageError if the manifest can't be read.
 */
export async function announcementOf(
  objects: ObjectStore,
  layout: Layout,
  definition: ExtractDefinition,
  month: Month,
): Promise<Announcement | undefined> {
  const found = await findManifest(objects, layout, definition, month);
  if (found.state === "missing") return undefined;
  if (found.state === "unreadable") throw found.error;
  const { extract, state, revision, runId, publishedAt } = found.manifest;
  return { extract, month, state, revision, manifest: found.key, runId, publishedAt };
}
