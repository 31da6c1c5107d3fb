/** The bucket as pipelines see it, against the local endpoint: the memory of staging, and the errors of bodies. */
import { setTimeout as sleep } from "node:timers/promises";

import { CreateMultipartUploadCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";

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

it("some bytes are read of the version that is asked for, and of none that isn't there", async () => {
  aws.createBucket("versioned", { versioning: true });
  const versioned = { ...settings, bucket: "versioned" };
  const s3 = await awsClients(aws.clientConfig).s3(versioned);
  const put = async (Body: string) =>
    (await s3.send(new PutObjectCommand({ Bucket: "versioned", Key: "a", Body }))).VersionId ?? "";
  const [first, second] = [await put("first"), await put("other")];
  const read = (versionId: string | null, key = "a") =>
    withDeadline(20_000, "Wait.", async ({ signal }) => {
      const objects = new ObjectStore(s3, versioned, "run", signal);
      const bytes = await objects.readRange(key, versionId, 1, 3);
      return bytes && Buffer.from(bytes).toString();
    });
  expect([await read(first), await read(second), await read(null)]).toEqual(["ir", "th", "th"]);
  expect(await read(null, "b")).toBeUndefined();
  s3.destroy();
});

it.each(["NoSuchKey", "NotFound"])("an object that is removed already is no error: %s", async (code) => {
  const remove = aws.onRequest(({ operation }) =>
    operation === "DeleteObject" ? { respond: { status: 404, code, message: "" } } : undefined,
  );
  const removing = withStore((objects) => objects.remove("a", { etag: '"1"', versionId: null }));
  await expect(removing).resolves.toBeUndefined();
  remove();
});

it.each([
  [429, "SlowDown", "Wait a few minutes.", true],
  [503, "SlowDown", "Wait a few minutes.", true],
  [403, "AccessDenied", "Check that the role may use the bucket bucket and its KMS key.", false],
  [301, "PermanentRedirect", "Check AWS_REGION: the bucket bucket is in another region.", false],
  [404, "NoSuchBucket", "this account and region have no bucket bucket.", false],
  [400, "InvalidRequest", "The message above has the cause. A retry won't help.", false],
] as const)("an answer %s %s says what to do: %s", async (status, code, hint, retry) => {
  const remove = aws.onRequest(({ operation }) =>
    operation === "HeadObject" || operation === "GetObject"
      ? { respond: { status, code, message: "" } }
      : undefined,
  );
  const failing = withStore((objects) => objects.read("a"));
  await expect(failing).rejects.toMatchObject({
    ...{ name: "StorageError", retry, hint: expect.stringContaining(hint) as string },
  });
  remove();
});

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
