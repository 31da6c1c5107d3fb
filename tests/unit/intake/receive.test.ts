/** What is received, and what is refused before anything is copied. */
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { S3Client } from "@aws-sdk/client-s3";

import { arrivalId, keyIn } from "../../../src/intake/arrival";
import { receive, receiveAgain, receiveFile } from "../../../src/intake/receive";
import { ObjectStore } from "../../../src/platform/bucket/object-store";
import { LARGEST_COPY_BYTES, type VersionAddress } from "../../../src/platform/bucket/object-versions";

const address = { bucket: "landing", key: "landing/Bank/loans_20260930T220000Z.dat", versionId: "v1" };
const arrival = { id: arrivalId(address.bucket, address.key, address.versionId), key: address.key };
const rawKey = keyIn("raw", arrival);

/** A bucket that has these keys, and notes what is copied into it. */
function bucketOf(sizes: Readonly<Record<string, number>>) {
  const found = (key: string) => {
    const byteCount = sizes[key];
    if (byteCount === undefined) return undefined;
    return { bucket: "intake", key, versionId: "v9", byteCount, writtenAt: new Date(0) };
  };
  const copies: { from: VersionAddress; to: string; mediaType: string | undefined }[] = [];
  return {
    copies,
    bucket: "intake",
    find: (key: string) => Promise.resolve(found(key)),
    copyHere: (from: VersionAddress, to: string, _mark: string, mediaType?: string) => {
      copies.push({ from, to, mediaType });
      const source = found(from.key);
      return Promise.resolve(source && { ...source, key: to });
    },
  };
}

/** Nobody listens there: every request fails. */
const unreachable = new ObjectStore(
  new S3Client({
    ...{ region: "eu-central-1", endpoint: "http://127.0.0.1:1", maxAttempts: 1 },
    credentials: { accessKeyId: "a", secretAccessKey: "s" },
  }),
  { bucket: "intake", kmsKeyId: undefined, forcePathStyle: true },
  "run",
  new AbortController().signal,
);

const noReports = { read: () => Promise.resolve(undefined) };

describe("a file that a bank has written", () => {
  it("is copied if it has 5 GiB, and refused if it has more, because S3 copies no more in one request", async () => {
    const largest = bucketOf({ [address.key]: LARGEST_COPY_BYTES });
    expect(await receive(largest, largest, noReports, address)).toEqual({
      ...{ ...arrival, landing: address, step: "received" },
      raw: { key: rawKey, versionId: "v9", byteCount: LARGEST_COPY_BYTES },
    });
    expect(largest.copies).toEqual([{ from: address, to: rawKey, mediaType: "text/plain; charset=utf-8" }]);

    const larger = bucketOf({ [address.key]: LARGEST_COPY_BYTES + 1 });
    await expect(receive(larger, larger, noReports, address)).rejects.toMatchObject({
      name: "RequestError",
      message: `s3://landing/${address.key} (version v1) has 5368709121 bytes, more than the 5 GiB of a delivery`,
      hint: "Ask the bank to compress the file, or to send it in several deliveries.",
    });
    expect(larger.copies).toEqual([]);
  });

  it("is an error if it is gone and was never received, which says to ask for it again", async () => {
    const empty = bucketOf({});
    await expect(receive(empty, empty, noReports, address)).rejects.toMatchObject({
      name: "RequestError",
      message: `s3://landing/${address.key} (version v1) is gone, and it was never received`,
      hint: "Somebody has removed it: ask the bank to send the file again.",
    });
  });
});

describe("a delivery that is taken again", () => {
  const errorKey = keyIn("error", arrival);

  it("is the file in raw/, or a copy of the one in error/ if that has expired", async () => {
    const received = { ...arrival, raw: { key: rawKey, versionId: "v9", byteCount: 7 }, isReplay: true };
    const both = bucketOf({ [rawKey]: 7, [errorKey]: 7 });
    expect(await receiveAgain(both, noReports, errorKey)).toEqual({ ...received, step: "received" });
    expect(both.copies).toEqual([]);

    const expired = bucketOf({ [errorKey]: 7 });
    expect(await receiveAgain(expired, noReports, errorKey)).toEqual({ ...received, step: "received" });
    const from = { bucket: "intake", key: errorKey, versionId: null };
    expect(expired.copies).toEqual([{ from, to: rawKey, mediaType: "text/plain; charset=utf-8" }]);
  });

  it("is its own file, whatever the bank is called", async () => {
    const key = keyIn("raw", { ...arrival, key: address.key.replace("Bank", "Ferrorento") });
    expect((await receiveAgain(bucketOf({ [key]: 7 }), noReports, key)).raw?.key).toBe(key);
  });

  it("keeps the extension of a file with a wrong name", async () => {
    const unnamed = `error/_unnamed/${arrival.id}.bin`;
    const bucket = bucketOf({ [unnamed]: 7 });
    expect((await receiveAgain(bucket, noReports, unnamed)).raw?.key).toBe(`raw/_unnamed/${arrival.id}.bin`);
  });

  it.each([rawKey, errorKey])("is an error if there is none, which says where to look: %s", async (key) => {
    const empty = bucketOf({});
    await expect(receiveAgain(empty, noReports, key)).rejects.toMatchObject({
      name: "RequestError",
      message: `s3://intake/${key} doesn't exist`,
      hint: "Look for the delivery's report: it names the file's key.",
    });
    // A key is never copied to itself.
    expect(empty.copies.map(({ to }) => to)).toEqual(key === rawKey ? [] : [rawKey]);
  });
});

describe("a file of this machine", () => {
  it("is not uploaded again if its bytes are in raw/ already", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "receive-"));
    try {
      const file = path.join(folder, "loans_20260930T220000Z.dat");
      await writeFile(file, "content");
      const bucket = { find: (key: string) => bucketOf({ [key]: 7 }).find(key) };
      expect(await receiveFile(bucket, unreachable, file, "Bank")).toMatchObject({
        // It follows from the name and the bytes alone, so the file is known again by every later version.
        id: arrivalId("file", address.key, createHash("sha256").update("content").digest("hex")),
        ...{ key: address.key, raw: { versionId: "v9", byteCount: 7 }, step: "received" },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
