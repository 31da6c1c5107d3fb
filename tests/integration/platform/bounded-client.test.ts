/** The bounds of S3's client, measured at the endpoint: requests in flight, and the time for aborting uploads. */
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { CreateMultipartUploadCommand, HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";

import { type LocalAws, startLocalAws } from "../../../local/aws/server";
import { awsClients } from "../../../src/platform/aws";
import { boundedClient } from "../../../src/platform/bucket/bounded-client";
import { ObjectStore } from "../../../src/platform/bucket/object-store";
import { type OpenUpload } from "../../../src/platform/bucket/staged-upload";
import { withUploads } from "../../../src/platform/bucket/uploads";
import { Gate } from "../../support/gate";

jest.setTimeout(60_000);

const bucket = "bucket";
const settings = { bucket, kmsKeyId: undefined, forcePathStyle: true };
/** The program's clients have the SDK's 50 sockets for an endpoint. */
const IN_FLIGHT = 32;

let aws: LocalAws;
let s3: S3Client;
beforeEach(async () => {
  aws = await startLocalAws();
  aws.createBucket(bucket);
  // A short limit for connections, so that waiting for a socket would soon exceed it.
  s3 = await awsClients(aws.clientConfig, { connectTimeoutMs: 500 }).s3(settings);
});
afterEach(async () => {
  s3.destroy();
  await aws.close();
});

function times<Result>(count: number, action: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => action(index)));
}

/**
 * Holds the requests for the operation until as many have arrived as may be in flight, and then for this time. Returns a
 * function for the most that were in flight at the same time.
 */
function holdUp(operation: string, delayMs: number): () => number {
  let [present, most] = [0, 0];
  const gate = new Gate(IN_FLIGHT);
  void gate.reached.then(() => sleep(delayMs)).then(() => gate.open());
  aws.onRequest(async (event) => {
    if (event.operation !== operation) return undefined;
    present += 1;
    most = Math.max(most, present);
    await gate.hold();
    present -= 1;
    return undefined;
  });
  return () => most;
}

/** Like a deadline's signal, to which each request in flight listens. */
function stopper(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}

const neverAborted = () => stopper().signal;

function aborted(): AbortSignal {
  const stop = stopper();
  stop.abort();
  return stop.signal;
}

/** Starts uploads without sending any part. */
async function beginUploads(count: number): Promise<OpenUpload[]> {
  const client = boundedClient(s3, neverAborted());
  return times(count, async (index) => {
    const key = `file-${index}`;
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
    return { key, uploadId: UploadId ?? "" };
  });
}

const store = (signal: AbortSignal, client = s3) => new ObjectStore(client, settings, "run", signal);
const openUploads = async () => (await store(neverAborted()).openUploads("", () => true)).length;

describe("requests", () => {
  it("are limited to 32 at a time, and do not time out while they wait for their turn", async () => {
    // Without a bound, the others would wait this long for a socket.
    const most = holdUp("HeadObject", 700);
    const objects = store(neverAborted());
    const found = await times(300, (index) => objects.head(`file-${index}`));
    expect(new Set(found)).toEqual(new Set([undefined]));
    expect(most()).toBe(IN_FLIGHT);
  });

  it("end when the signal aborts, and those that wait for their turn are never sent", async () => {
    const stop = stopper();
    const gate = new Gate(IN_FLIGHT);
    aws.onRequest(() => gate.hold());
    const client = boundedClient(s3, stop.signal);
    const sending = times(100, (index) =>
      client
        .send(new HeadObjectCommand({ Bucket: bucket, Key: `file-${index}` }))
        .catch((error: unknown) => (error as Error).name),
    );
    await gate.reached;
    stop.abort();
    expect(new Set(await sending)).toEqual(new Set(["AbortError"]));
    await sleep(100);
    expect(aws.requests).toHaveLength(IN_FLIGHT);
    gate.open();
  });
});

describe("aborting uploads", () => {
  it("leaves no upload of 400 open, even if each takes a while", async () => {
    const uploads = await beginUploads(400);
    const most = holdUp("AbortMultipartUpload", 120);
    await withUploads(store(neverAborted()), (all) => all.abort(uploads));
    expect(await openUploads()).toBe(0);
    expect(most()).toBe(IN_FLIGHT);
  });

  it("does not wait for other requests", async () => {
    const [upload] = await beginUploads(1);
    const stop = stopper();
    const objects = store(stop.signal);
    const gate = new Gate(IN_FLIGHT);
    const remove = aws.onRequest(({ operation }) => (operation === "HeadObject" ? gate.hold() : undefined));
    const looking = times(2 * IN_FLIGHT, (index) => objects.head(`file-${index}`).catch(() => undefined));
    await gate.reached;
    await objects.abort(upload ?? { key: "", uploadId: "" });
    expect(await openUploads()).toBe(0);
    stop.abort();
    await looking;
    remove();
    gate.open();
  });

  it("still works after the signal has aborted", async () => {
    const uploads = await beginUploads(3);
    const objects = store(aborted());
    await Promise.all(uploads.map((upload) => objects.abort(upload)));
    expect(await openUploads()).toBe(0);
  });

  it("that hangs ends after 5 s: for each upload before the signal aborts, for all together afterwards", async () => {
    const uploads = await beginUploads(2 * IN_FLIGHT);
    aws.onRequest(({ operation }) => (operation === "AbortMultipartUpload" ? { hang: true } : undefined));
    const startedAt = performance.now();
    const before = withUploads(store(neverAborted()), (all) => all.abort(uploads.slice(0, 1)));
    const after = withUploads(store(aborted()), async (all) => {
      // More uploads than are sent at a time, and one that is added later.
      const abort = all.abort(uploads);
      await sleep(2500);
      await Promise.all([abort, all.abort(uploads.slice(0, 1))]);
    });
    // An upload that fails just before the time limit: the first aborts begin before the signal, the others after it.
    const stop = stopper();
    // With sockets of its own: here they, too, are fewer than the requests.
    const other = await awsClients(aws.clientConfig).s3(settings);
    const crossing = withUploads(store(stop.signal, other), (all) => all.abort(uploads));
    await sleep(500);
    stop.abort();
    await Promise.all([before, after, crossing]);
    other.destroy();
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(4900);
    expect(tookMs).toBeLessThan(6500);
  });
});
