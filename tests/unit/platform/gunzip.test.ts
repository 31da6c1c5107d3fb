/** Compressed files are read to their end, and what is wrong with one is told from what is wrong with reading it. */
import { setImmediate as tick } from "node:timers/promises";
import { deflateSync, gzipSync } from "node:zlib";

import { ContentError, gunzipped } from "../../../src/platform/format/gunzip";

async function contentOf(bytes: Uint8Array, chunkBytes = 7): Promise<string> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      await tick();
      yield bytes.subarray(at, at + chunkBytes);
    }
  }
  return textOf(chunks());
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const found: Buffer[] = [];
  for await (const chunk of gunzipped(chunks)) found.push(chunk);
  return Buffer.concat(found).toString();
}

const text = "a|1\n".repeat(1000);
const whole = gzipSync(text);

it("a file is read as it was before it was compressed, also one of several parts", async () => {
  expect(await contentOf(whole)).toBe(text);
  expect(await contentOf(Buffer.concat([whole, whole]))).toBe(text + text);
});

it.each([
  ["is cut short", whole.subarray(0, -1)],
  ["is damaged", Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)])],
  ["is compressed in another way", deflateSync(text)],
  ["is not compressed", Buffer.from(text)],
])("a file that %s is named as such", async (_, bytes) => {
  const reading = contentOf(bytes);
  await expect(reading).rejects.toBeInstanceOf(ContentError);
  await expect(reading).rejects.toMatchObject({
    ...{ name: "ContentError", message: "the gzip data is damaged or cut short" },
    cause: { code: expect.stringMatching(/^Z_/) as string },
  });
});

it("zeros behind the end, which zlib ignores, are named as such", async () => {
  const reading = contentOf(Buffer.concat([whole, Buffer.alloc(20)]));
  await expect(reading).rejects.toMatchObject({
    ...{ name: "ContentError", message: "something follows the end of the gzip data" },
  });
});

it.each([
  new Error("the connection was lost"),
  Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" }),
])("a failure of reading is not the file's: %s", async (failure) => {
  async function* failing() {
    yield whole.subarray(0, 20);
    await tick();
    throw failure;
  }
  await expect(textOf(failing())).rejects.toBe(failure);
});
