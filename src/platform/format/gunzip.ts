/** Compressed bytes to their content, with an error for what zlib lets pass: bytes behind the end. */
import { Readable, pipeline } from "node:stream";
import { isNativeError } from "node:util/types";
import { createGunzip } from "node:zlib";

/** The content of a file is not in the format that it should be in. */
export class ContentError extends Error {
  override readonly name = "ContentError";
}

/**
 * @throws ContentError if the bytes are not gzip, are damaged or cut short, or if others follow; what `chunks` throws.
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let byteCount = 0;
  async function* counted() {
    for await (const chunk of chunks) {
      byteCount += chunk.byteLength;
      yield chunk;
    }
  }
  const gunzip = createGunzip();
  // Errors also end the iteration, which throws them.
  pipeline(Readable.from(counted()), gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (isZlibError(error)) throw new ContentError("the gzip data is damaged or cut short", { cause: error });
    throw error;
  }
  // zlib takes zeros behind the end for padding.
  if (gunzip.bytesWritten < byteCount) throw new ContentError("something follows the end of the gzip data");
}

function isZlibError(error: unknown): boolean {
  return isNativeError(error) && "code" in error && String(error.code).startsWith("Z_");
}
