/**
 * What arrived, and where its objects are in intake's bucket. Each arrival has an id and a name of its own, so a bank can
 * send a corrected file under the same name, and the objects of both stay apart.
 */
import { createHash } from "node:crypto";

import * as v from "valibot";

import { RequestError } from "../platform/errors";
import { type Delivery, parseDeliveryName } from "./delivery";

/**
 * The folders of intake's bucket. `raw` has each file as it came; `stage` the accepted rows as Parquet; `archive` the
 * files that were loaded, `error` those that were not, both with their reports and rejected records.
 */
export type Area = "raw" | "stage" | "archive" | "error";

const version = v.object({ key: v.string(), versionId: v.nullable(v.string()) });
const address = v.object({ bucket: v.string(), key: v.string(), versionId: v.string() });

/** A file that was received. It is passed from step to step as JSON. */
export const arrival = v.object({
  /** 32 hexadecimal digits: a digest of where the file came from. */
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** The key as the bank wrote it, `landing/FirstNational/loans_20260930T220000Z.dat`, or the same for a file given by hand. */
  key: v.string(),
  /** The object that the bank wrote, which goes when the delivery is settled; missing if the file was given by hand. */
  landing: v.optional(address),
  /** Our copy of it; missing if it could not be made. */
  raw: v.optional(v.object({ ...version.entries, byteCount: v.number() })),
  /** Whether somebody has asked for it again. */
  isReplay: v.optional(v.boolean()),
});

export type Arrival = v.InferOutput<typeof arrival>;
export type ObjectAddress = v.InferOutput<typeof address>;
export type ObjectAt = v.InferOutput<typeof version>;

/** The id of what arrived, which is the same for every event about it. */
export function arrivalId(...source: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(source)).digest("hex").slice(0, 32);
}

/** The folder of files whose names are wrong, which no bank's name can be. */
export const UNNAMED = "_unnamed";

/**
 * The key of one of an arrival's objects: `archive/FirstNational/loans_20260930T220000Z.<id>.report.json`.
 *
 * @param extension of the object; without it, that of the file.
 */
export function keyIn(area: Area, { id, key }: Pick<Arrival, "id" | "key">, extension?: string): string {
  const delivery = parseDeliveryName(key);
  if ("problem" in delivery) return `${area}/${UNNAMED}/${id}.${extension ?? "bin"}`;
  const { bank, fileName, gzip } = delivery;
  const own = gzip ? "dat.gz" : "dat";
  return `${area}/${bank}/${fileName.slice(0, fileName.indexOf("."))}.${id}.${extension ?? own}`;
}

/** The media type of a file by its key: text, compressed, or anything under a wrong name. */
export function mediaTypeOf(fileKey: string): string {
  if (fileKey.endsWith(".dat")) return "text/plain; charset=utf-8";
  return fileKey.endsWith(".dat.gz") ? "application/gzip" : "application/octet-stream";
}

interface KeyParts {
  readonly bank: string;
  /** The file's name without its extension. */
  readonly stem: string;
  readonly id: string;
  readonly extension: string;
}

/** What {@link keyIn} has made the key of a file or a report from; undefined for other keys, and for wrong names. */
export function parseKey(
  key: string,
): (Delivery & { readonly id: string; readonly extension: string }) | undefined {
  const parts =
    /^[^/]+\/(?<bank>[^/]+)\/(?<stem>[^/]+)\.(?<id>[0-9a-f]{32})\.(?<extension>dat|dat\.gz|report\.json)$/.exec(
      key,
    )?.groups as KeyParts | undefined;
  if (parts === undefined) return undefined;
  const { bank, stem, id, extension } = parts;
  const delivery = parseDeliveryName(`landing/${bank}/${stem}.dat`);
  return "problem" in delivery ? undefined : { ...delivery, id, extension };
}

/**
 * What {@link keyIn} has made a key from, for a file in `raw/` or `error/`.
 *
 * @throws RequestError for any other key.
 */
export function arrivalOf(fileKey: string): Pick<Arrival, "id" | "key"> {
  const parts =
    /^(?:raw|error)\/(?<bank>[^/]+)\/(?:(?<stem>[^/]+)\.)?(?<id>[0-9a-f]{32})\.(?<extension>dat|dat\.gz|bin)$/.exec(
      fileKey,
    )?.groups as (Omit<KeyParts, "stem"> & Partial<KeyParts>) | undefined;
  if (parts !== undefined) {
    const { bank, id, stem = id, extension } = parts;
    const key = `landing/${bank}/${stem}.${extension}`;
    if (keyIn("raw", { id, key }, extension) === fileKey.replace(/^error/, "raw")) return { id, key };
  }
  throw new RequestError(`${JSON.stringify(fileKey)} is not the key of a delivery in raw/ or error/`, {
    hint: "A message or a report about the delivery names the key: raw/FirstNational/loans_20260930T220000Z.<id>.dat",
  });
}
