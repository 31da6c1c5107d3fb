/** The first step: a copy of the file that nobody changes any more, whatever the bank does with its own. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";

import type { ObjectStore } from "../platform/bucket/object-store";
import { LARGEST_COPY_BYTES, type ObjectVersions } from "../platform/bucket/object-versions";
import { withUploads } from "../platform/bucket/uploads";
import { ConflictError, RequestError } from "../platform/errors";
import { type Arrival, arrivalId, arrivalOf, keyIn, mediaTypeOf, type ObjectAddress } from "./arrival";
import { parseDeliveryName } from "./delivery";
import { findReport } from "./report";

/** `received`: it can be loaded. `settled`: it was, and its landing object is gone. */
export type Reception = Arrival & { readonly step: "received" | "settled" };

/**
 * Copies what a bank has written to `raw/`. Repeated, it finds the copy.
 *
 * @throws RequestError if the object is gone and was never settled, or is too large to be copied.
 */
export async function receive(
  landing: Pick<ObjectVersions, "find">,
  bucket: Pick<ObjectVersions, "copyHere">,
  objects: Pick<ObjectStore, "read">,
  address: ObjectAddress,
): Promise<Reception> {
  const arrival = { id: arrivalId(address.bucket, address.key, address.versionId), key: address.key };
  const raw = await copyToRaw(landing, bucket, address, arrival);
  if (raw !== undefined) return { ...arrival, landing: address, raw, step: "received" };
  // The landing object goes last, so without it there is nothing left to do.
  const isSettled = (await findReport(objects, arrival)) !== undefined;
  if (isSettled) return { ...arrival, landing: address, step: "settled" };
  throw new RequestError(`${describe(address)} is gone, and it was never received`, {
    hint: "Somebody has removed it: ask the bank to send the file again.",
  });
}

async function copyToRaw(
  landing: Pick<ObjectVersions, "find">,
  bucket: Pick<ObjectVersions, "copyHere">,
  address: ObjectAddress,
  arrival: Pick<Arrival, "id" | "key">,
): Promise<Arrival["raw"]> {
  const found = await landing.find(address.key, address.versionId);
  if (found === undefined) return undefined;
  if (found.byteCount > LARGEST_COPY_BYTES) {
    throw new RequestError(
      `${describe(address)} has ${found.byteCount} bytes, more than the 5 GiB of a delivery`,
      {
        hint: "Ask the bank to compress the file, or to send it in several deliveries.",
      },
    );
  }
  const key = keyIn("raw", arrival);
  const copy = await bucket.copyHere(address, key, arrival.id, mediaTypeOf(key));
  return copy && { key: copy.key, versionId: copy.versionId, byteCount: copy.byteCount };
}

function describe({ bucket, key, versionId }: ObjectAddress): string {
  return `s3://${bucket}/${key} (version ${versionId})`;
}

/**
 * Uploads a file of this machine to `raw/`, as if its bank had sent it.
 *
 * @param bankName as in keys: `FirstNational`.
 */
export async function receiveFile(
  bucket: Pick<ObjectVersions, "find">,
  objects: ObjectStore,
  file: string,
  bankName: string,
): Promise<Reception> {
  const key = deliveryKey(file, bankName);
  const arrival = { id: arrivalId("file", key, await sha256Of(file)), key };
  const rawKey = keyIn("raw", arrival);
  if ((await bucket.find(rawKey, null)) === undefined) await upload(objects, file, rawKey);
  const raw = await bucket.find(rawKey, null);
  if (raw === undefined) throw new Error(`the upload of ${rawKey} left nothing`);
  const { versionId, byteCount } = raw;
  return { ...arrival, raw: { key: rawKey, versionId, byteCount }, step: "received" };
}

/** The key of a file as if its bank had sent it. */
export function deliveryKey(file: string, bankName: string): string {
  return `landing/${bankName}/${path.basename(file)}`;
}

async function upload(objects: ObjectStore, file: string, key: string): Promise<void> {
  await withUploads(objects, async (uploads) => {
    const staged = await uploads.stage(key, createReadStream(file), mediaTypeOf(key));
    await uploads.complete(staged, undefined).catch((error: unknown) => {
      // The key contains the digest of the content, so another upload has brought the same bytes.
      if (!(error instanceof ConflictError)) throw error;
    });
  });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

type Copies = Pick<ObjectVersions, "bucket" | "find" | "copyHere">;

/**
 * Takes a delivery again.
 *
 * @param fileKey in `raw/` or `error/`.
 * @throws RequestError if there is no such delivery.
 */
export async function receiveAgain(
  bucket: Copies,
  objects: Pick<ObjectStore, "read">,
  fileKey: string,
): Promise<Reception> {
  const arrival = await named(objects, arrivalOf(fileKey));
  const rawKey = fileKey.replace(/^error/, "raw");
  // `raw/` is kept for a shorter time than `error/`.
  const raw = (await bucket.find(rawKey, null)) ?? (await copyBack(bucket, fileKey, rawKey, arrival.id));
  if (raw === undefined) {
    throw new RequestError(`s3://${bucket.bucket}/${fileKey} doesn't exist`, {
      hint: "Look for the delivery's report: it names the file's key.",
    });
  }
  const { versionId, byteCount } = raw;
  return { ...arrival, raw: { key: rawKey, versionId, byteCount }, isReplay: true, step: "received" };
}

/** Keys in the bucket don't have a wrong name, which only the delivery's report tells. */
async function named(
  objects: Pick<ObjectStore, "read">,
  { id, key }: Pick<Arrival, "id" | "key">,
): Promise<Pick<Arrival, "id" | "key">> {
  const isRight = !("problem" in parseDeliveryName(key));
  return { id, key: isRight ? key : ((await findReport(objects, { id, key }))?.report.key ?? key) };
}

async function copyBack(bucket: Copies, fileKey: string, rawKey: string, id: string) {
  const source = { bucket: bucket.bucket, key: fileKey, versionId: null };
  return fileKey === rawKey ? undefined : bucket.copyHere(source, rawKey, id, mediaTypeOf(rawKey));
}
