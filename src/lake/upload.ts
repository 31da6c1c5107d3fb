/** An object that is uploaded whole or not at all, and measured on its way. */
import { createHash } from "node:crypto";

import type { ObjectVersion } from "../platform/bucket/object-store";
import { withUploads } from "../platform/bucket/uploads";
import type { Bucket } from "./buckets";

export interface Written {
  readonly byteCount: number;
  readonly sha256: string;
}

/**
 * Replaces what the key holds.
 *
 * @param onStaged is awaited when everything is uploaded and not visible yet.
 * @throws ConflictError if another run has written the key meanwhile, StorageError, what `bytes` throws.
 */
export async function uploadObject(
  { objects }: Bucket,
  key: string,
  bytes: AsyncIterable<Buffer>,
  mediaType: string,
  onStaged: () => void | Promise<void> = () => undefined,
): Promise<{ readonly version: ObjectVersion; readonly written: Written }> {
  const hash = createHash("sha256");
  let byteCount = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      hash.update(chunk);
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }
  return withUploads(objects, async (uploads) => {
    const present = await objects.head(key);
    const staged = await uploads.stage(key, measured(), mediaType);
    await onStaged();
    const version = await uploads.complete(staged, present);
    return { version, written: { byteCount, sha256: hash.digest("hex") } };
  });
}
