/** Bytes into blocks of whole lines: the first step of reading a file of records, in bounded memory. */

/** Ends a line. */
export const LF = 0x0a;
export const CR = 0x0d;

/** Whole lines, each with its LF; only the file's last line may have none. */
export interface LineBlock {
  readonly bytes: Buffer;
  /** The block is the beginning of one line that is longer than allowed. The rest of the line is left out. */
  readonly isCut: boolean;
}

/**
 * Splits a file where lines end. It keeps at most the chunk that came last and the beginning of one line.
 *
 * @param maxLineBytes of a line without its LF. A line within one chunk may come uncut although it is longer.
 */
export async function* lineBlocks(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<LineBlock> {
  /** Of a line that isn't complete yet. */
  let kept: Buffer[] = [];
  let keptBytes = 0;
  /** The line is too long: what still comes of it is left out. */
  let isSkipping = false;
  for await (const chunk of chunks) {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (isSkipping) {
      const end = bytes.indexOf(LF);
      if (end < 0) continue;
      isSkipping = false;
      bytes = bytes.subarray(end + 1);
    }
    const end = bytes.lastIndexOf(LF) + 1;
    if (end > 0) {
      yield { bytes: Buffer.concat([...kept, bytes.subarray(0, end)]), isCut: false };
      [kept, keptBytes] = [[], 0];
    }
    if (end === bytes.length) continue;
    kept.push(bytes.subarray(end));
    keptBytes += bytes.length - end;
    if (keptBytes > maxLineBytes) {
      yield { bytes: Buffer.concat(kept).subarray(0, maxLineBytes), isCut: true };
      [kept, keptBytes, isSkipping] = [[], 0, true];
    }
  }
  if (keptBytes > 0) yield { bytes: Buffer.concat(kept), isCut: false };
}
