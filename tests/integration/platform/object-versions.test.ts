/** Single versions of objects against the local endpoint: copies that never replace anything, and removal for good. */
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";

import { type LocalAws, startLocalAws } from "../../../local/aws/server";
import { awsClients } from "../../../src/platform/aws";
import { ObjectVersions } from "../../../src/platform/bucket/object-versions";
import { withDeadline } from "../../../src/platform/deadline";

const [landing, bucket] = ["landing", "bucket"];
const settings = { bucket, kmsKeyId: undefined, forcePathStyle: true };

let aws: LocalAws;
let s3: S3Client;
beforeEach(async () => {
  aws = await startLocalAws();
  for (const name of [landing, bucket]) aws.createBucket(name, { versioning: true });
  s3 = await awsClients(aws.clientConfig).s3(settings);
});
afterEach(async () => {
  s3.destroy();
  await aws.close();
});

function withVersions<Result>(
  action: (versions: ObjectVersions) => Promise<Result>,
  of = settings,
): Promise<Result> {
  return withDeadline(20_000, "Wait.", ({ signal }) => action(new ObjectVersions(s3, of, signal)));
}

async function put(Bucket: string, Key: string, Body: string): Promise<string> {
  return (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? "";
}

async function textOf(Bucket: string, Key: string): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
}

const copies = () => aws.requests.filter(({ operation }) => operation === "CopyObject").length;

describe("a copy", () => {
  it("is of the version that was asked for, even if the key has a newer one", async () => {
    const versionId = await put(landing, "Crédit & Co/a b?.dat", "first");
    await put(landing, "Crédit & Co/a b?.dat", "second");
    const source = { bucket: landing, key: "Crédit & Co/a b?.dat", versionId };
    const copy = await withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    expect(copy).toMatchObject({ bucket, key: "raw/a", byteCount: 5 });
    expect(await textOf(bucket, "raw/a")).toBe("first");
  });

  it("may be of what the key holds now", async () => {
    await put(landing, "a", "first");
    await put(landing, "a", "second");
    const source = { bucket: landing, key: "a", versionId: null };
    expect(await withVersions((versions) => versions.copyHere(source, "raw/a", "1"))).toMatchObject({
      byteCount: 6,
    });
    expect(await textOf(bucket, "raw/a")).toBe("second");
  });

  it("made again is the copy that is there", async () => {
    const source = { bucket: landing, key: "a", versionId: await put(landing, "a", "x") };
    const first = await withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    const second = await withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    expect(second).toEqual(first);
    expect(copies()).toBe(1);
  });

  it("whose answer is lost is found again, and made once", async () => {
    const source = { bucket: landing, key: "a", versionId: await put(landing, "a", "x") };
    aws.onRequest(({ operation, attempt }) =>
      operation === "CopyObject" && attempt === 1 ? { reset: true, after: "handled" } : undefined,
    );
    const copy = await withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    expect(copy).toMatchObject({ key: "raw/a", byteCount: 1 });
    const created = aws.events.filter(({ detail }) => detail.object.key === "raw/a");
    expect(created.map(({ detail }) => detail.object["version-id"])).toEqual([copy?.versionId]);
  });

  it("that S3 fails with an error in a response of status 200 is an error", async () => {
    const source = { bucket: landing, key: "a", versionId: await put(landing, "a", "x") };
    aws.onRequest(({ operation }) =>
      operation === "CopyObject"
        ? { respond200Error: { code: "InternalError", message: "Try again." } }
        : undefined,
    );
    const copying = withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    await expect(copying).rejects.toMatchObject({ name: "StorageError", retry: true });
  });

  it("never replaces something else", async () => {
    await put(bucket, "raw/a", "someone else's");
    const source = { bucket: landing, key: "a", versionId: await put(landing, "a", "x") };
    const copying = withVersions((versions) => versions.copyHere(source, "raw/a", "1"));
    await expect(copying).rejects.toMatchObject({ name: "ConflictError" });
    expect(await textOf(bucket, "raw/a")).toBe("someone else's");
  });

  it("never replaces a copy with another mark", async () => {
    const first = { bucket: landing, key: "a", versionId: await put(landing, "a", "x") };
    const second = { ...first, versionId: await put(landing, "a", "y") };
    await withVersions((versions) => versions.copyHere(first, "raw/a", "1"));
    const copying = withVersions((versions) => versions.copyHere(second, "raw/a", "2"));
    await expect(copying).rejects.toMatchObject({ name: "ConflictError" });
    expect(await textOf(bucket, "raw/a")).toBe("x");
  });

  it("of something that doesn't exist is undefined", async () => {
    const versionId = await put(landing, "a", "x");
    const [key, version] = await withVersions((versions) =>
      Promise.all([
        versions.copyHere({ bucket: landing, key: "none", versionId: null }, "raw/a", "1"),
        versions.copyHere({ bucket: landing, key: "a", versionId: `${versionId}x` }, "raw/b", "1"),
      ]),
    );
    expect([key, version]).toEqual([undefined, undefined]);
  });
});

describe("removing a version", () => {
  it("removes it for good, leaves the others, and may be repeated", async () => {
    const first = await put(bucket, "a", "first");
    await put(bucket, "a", "second");
    await withVersions(async (versions) => {
      await versions.removeVersion("a", first);
      await versions.removeVersion("a", first);
      expect(await versions.find("a", first)).toBeUndefined();
      expect(await versions.find("a", null)).toMatchObject({ byteCount: 6 });
    });
  });
});

describe("a listing", () => {
  it("has all keys below the prefix that hold an object, across pages", async () => {
    const keys = Array.from({ length: 25 }, (_, at) => `archive/${String(at).padStart(4, "0")}`);
    await Promise.all(keys.map((key) => put(bucket, key, "x")));
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "archive/0007" }));
    await put(bucket, "error/x", "x");
    const listed: string[] = [];
    await withVersions(async (versions) => {
      for await (const key of versions.list("archive/", 10)) listed.push(key);
    });
    expect(listed).toEqual(keys.filter((key) => key !== "archive/0007"));
  });

  it("of a bucket that doesn't exist is a StorageError that names it", async () => {
    const listing = withVersions((versions) => versions.list("a/").next(), { ...settings, bucket: "none" });
    await expect(listing).rejects.toMatchObject({
      name: "StorageError",
      message: expect.stringContaining("s3://none/a/") as string,
    });
  });
});
