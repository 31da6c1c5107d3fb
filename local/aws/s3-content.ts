// The bodies of the local S3's objects: files on disk, deleted when nothing refers to them and nobody reads them.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { type Received } from "./payload";

export interface Stored extends Received {
  readonly file: string;
}

export interface Content {
  readonly files: readonly { readonly file: string; readonly size: number }[];
  readers: number;
  discarded: boolean;
}

export function contentOf(files: Content["files"]): Content {
  return { files, readers: 0, discarded: false };
}

/** The bytes `first` to `last` (inclusive). They stay readable if the object is replaced in the meantime. */
export function read(content: Content, first: number, last: number): Readable {
  content.readers++;
  const bytes = Readable.from(readFiles(content, first, last), { objectMode: false });
  return bytes.once("close", () => {
    content.readers--;
    release(content);
  });
}

/** Deletes the content when its last reader has finished. */
export function discard(content: Content): void {
  content.discarded = true;
  release(content);
}

/** Deletes files without waiting: nothing refers to them any more, and closing deletes the whole directory. */
export function removeFiles(files: readonly { readonly file: string }[]): void {
  for (const { file } of files) rm(file, { force: true }).catch(() => undefined);
}

async function* readFiles({ files }: Content, first: number, last: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { file, size } of files) {
    const start = Math.max(first - offset, 0);
    const end = Math.min(last - offset, size - 1);
    if (start <= end) yield* createReadStream(file, { start, end }) as AsyncIterable<Buffer>;
    offset += size;
  }
}

function release(content: Content): void {
  if (content.discarded && content.readers === 0) removeFiles(content.files);
}
