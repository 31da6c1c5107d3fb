/** The bucket as pipelines see it, against the local endpoint: the memory of staging, and the errors of bodies. */
import { setTimeout as sleep } from "node:timers/promises";

import { CreateMultipartUploadCommand, HeadObjectCommand } from "@aws-sdk/client-s3";

import { type LocalAws, startLocalAws } from "../../../local/aws/server";
import { awsClients } from "../../../src/platform/aws";
import { ObjectStore } from "../../../src/platform/bucket/object-store";
import { isHeld } from "../../../src/platform/bucket/staged-upload";
import { withDeadline } from "../../../src/platform/deadline";
import { Gate } from "../../support/gate";

const MEBIBYTE = 1024 * 1024;
const bucket = "bucket";
const settings = { bucket, kmsKeyId: undefined, forcePathStyle: true };

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws();
  aws.createBucket(bucket);
});
afterEach(() => aws.close());

async function withStore<Result>(action: (objects: ObjectStore) => Promise<Result>): Promise<Result> {
  const s3 = await awsClients(aws.clientConfig).s3(settings);
  try {
    return await withDeadline(20_000, "Wait.", ({ signal }) =>
      action(new ObjectStore(s3, settings, "run", signal)),
    );
  } finally {
    s3.destroy();
  }
}

it("all open uploads are found, however many answers it takes to list them", async () => {
  const s3 = await awsClients(aws.clientConfig).s3(settings);
  for (const key of ["a/1", "a/2", "a/2", "a/2", "b/1"]) {
    await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
  }
  // S3 lists 1,000 at a time.
  s3.middlewareStack.add(
    (next, { commandName }) =>
      (args) =>
        next(
          commandName === "ListMultipartUploadsCommand"
            ? { ...args, input: { ...args.input, MaxUploads: 2 } }
            : args,
        ),
    { step: "initialize" },
  );
  const objects = new ObjectStore(s3, settings, "run", new AbortController().signal);
  const found = await objects.openUploads("a/", () => true);
  expect(found.map(({ key }) => key)).toEqual(["a/1", "a/2", "a/2", "a/2"]);
  expect(new Set(found.map(({ uploadId }) => uploadId)).size).toBe(4);
  expect(aws.requests.filter(({ operation }) => operation === "ListMultipartUploads")).toHaveLength(2);
  s3.destroy();
});

const openUploads = () => withStore((objects) => objects.openUploads("", (key) => key === "key"));

describe("staging a file of many parts", () => {
  it("holds two parts of 8 MiB in memory, and sends only two at a time", async () => {
    const sizeBytes = 96 * MEBIBYTE;
    const chunk = Buffer.alloc(64 * 1024);
    let takenBytes = 0;
    async function* body() {
      for (; takenBytes < sizeBytes; takenBytes += chunk.byteLength) {
        yield chunk;
        await Promise.resolve();
      }
    }
    const gate = new Gate(2);
    let requests = 0;
    aws.onRequest(({ operation }) => {
      if (operation !== "UploadPart") return undefined;
      requests += 1;
      return gate.hold();
    });
    await withStore(async (objects) => {
      const staging = objects.stage("key", body());
      await gate.reached;
      await sleep(300);
      expect(requests).toBe(2);
      // The two parts that are being sent, and what the streams in between have read ahead.
      expect(takenBytes).toBeLessThan(17 * MEBIBYTE);
      gate.open();
      expect(await staging).toHaveProperty("parts.length", 12);
    });
  });
});

async function* bytes(byteCount: number) {
  yield Buffer.alloc(byteCount);
  await Promise.resolve();
}

describe("objects of less than a part", () => {
  it("wait in memory up to 16 MiB together, and the others in the bucket", async () => {
    await withStore(async (objects) => {
      const stage = (key: string, mebibytes: number) => objects.stage(key, bytes(mebibytes * MEBIBYTE));
      const held = [await stage("a", 7), await stage("b", 7)];
      for (const staged of held) expect(isHeld(staged)).toBe(true);
      expect(isHeld(await stage("too large for the rest", 3))).toBe(false);
      expect(isHeld(await stage("small enough", 2))).toBe(true);

      for (const staged of held.slice(0, 1)) await objects.complete(staged, undefined);
      expect(isHeld(await stage("after a completion", 7))).toBe(true);
      expect(isHeld(await stage("full again", 1))).toBe(false);
      for (const staged of held.slice(1)) await objects.abort(staged);
      expect(isHeld(await stage("after an abort", 7))).toBe(true);
    });
    const puts = aws.requests.filter(({ operation }) => operation === "PutObject");
    expect(puts.map(({ key }) => key)).toEqual(["a"]);
  });
});

/** Yields this many bytes, then fails. */
async function* failing(byteCount: number, error: unknown) {
  yield Buffer.alloc(byteCount);
  await Promise.resolve();
  throw error;
}

describe("a body that fails", () => {
  const noSuchUpload = Object.assign(new Error("a bug"), { name: "NoSuchUpload" });

  it.each([
    ["before its first byte", 0, new TypeError("a bug")],
    ["in its first part", MEBIBYTE, new TypeError("a bug")],
    ["in a later part", 20 * MEBIBYTE, new TypeError("a bug")],
    ["with an error that has the name of an S3 error", MEBIBYTE, noSuchUpload],
    ["with something that is not an error", MEBIBYTE, undefined],
  ])("%s keeps its own error, and its upload is aborted", async (_, byteCount, error) => {
    const staged = withStore((objects) => objects.stage("key", failing(byteCount, error)));
    expect(await staged.catch((reason: unknown) => ({ reason }))).toEqual({ reason: error });
    expect(await openUploads()).toEqual([]);
  });
});

it("a request without a response fails after its time limit", async () => {
  aws.onRequest(() => ({ hang: true }));
  const s3 = await awsClients(aws.clientConfig, { requestTimeoutMs: 200 }).s3(settings);
  const sending = s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "key" }));
  await expect(sending).rejects.toMatchObject({ name: "TimeoutError" });
  s3.destroy();
  // The SDK has tried three times.
  expect(aws.requests).toHaveLength(3);
});
