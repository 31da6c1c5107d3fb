/** What the bucket is asked for when single versions are copied, listed and removed, and what its answers mean. */
import { ObjectVersions } from "../../../src/platform/bucket/object-versions";
import type { BucketSettings } from "../../../src/platform/settings";
import { type Answer, s3Failure, ScriptedS3 } from "../../support/scripted-s3";

const settings: BucketSettings = { bucket: "raw", kmsKeyId: undefined, forcePathStyle: false };

function scripted(
  answers: Readonly<Record<string, readonly Answer[]>>,
  { of = settings, signal = new AbortController().signal } = {},
) {
  const s3 = new ScriptedS3(answers);
  return { s3, versions: new ObjectVersions(s3.client, of, signal) };
}

const writtenAt = new Date("2026-10-01T03:00:00Z");
const copied = {
  VersionId: "v2",
  ContentLength: 3,
  LastModified: writtenAt,
  Metadata: { "copy-of": "mark" },
};
const missing = s3Failure("NotFound", 404);

describe("a version", () => {
  it("is found by its id, or is the one that the key holds now", async () => {
    const { s3, versions } = scripted({ HeadObject: [copied, { ...copied, VersionId: "null" }, missing] });
    const found = { bucket: "raw", key: "a", byteCount: 3, writtenAt };
    expect(await versions.find("a", "v2")).toEqual({ ...found, versionId: "v2" });
    expect(await versions.find("a", null)).toEqual({ ...found, versionId: null });
    expect(await versions.find("a", "v3")).toBeUndefined();
    expect(s3.inputs("HeadObject").map(({ VersionId }) => VersionId)).toEqual(["v2", undefined, "v3"]);
  });

  it("is unknown if S3 refuses to say", async () => {
    const { versions } = scripted({ HeadObject: [s3Failure("Forbidden", 403)] });
    await expect(versions.find("a", null)).rejects.toThrow("S3 did not look at s3://raw/a: Forbidden");
  });

  it("is removed alone", async () => {
    const { s3, versions } = scripted({ DeleteObject: [{}, s3Failure("AccessDenied", 403)] });
    await versions.removeVersion("a", "v1");
    expect(s3.inputs("DeleteObject")).toEqual([{ Bucket: "raw", Key: "a", VersionId: "v1" }]);
    await expect(versions.removeVersion("a", "v1")).rejects.toThrow(
      "S3 did not remove a version of s3://raw/a: AccessDenied",
    );
  });
});

describe("a copy", () => {
  const source = { bucket: "landing", key: "Crédit & Co/a.dat", versionId: null };

  it("is asked for once, where nothing is yet, of the version that is asked for or the latest one", async () => {
    const { s3, versions } = scripted({ HeadObject: [missing, copied, missing, copied] });
    await versions.copyHere(source, "b", "mark");
    await versions.copyHere({ ...source, key: "a", versionId: "v+1" }, "b", "mark", "text/csv");
    const asked = {
      ...{ Bucket: "raw", Key: "b", IfNoneMatch: "*", MetadataDirective: "REPLACE" },
      Metadata: { "copy-of": "mark" },
    };
    expect(s3.inputs("CopyObject")).toEqual([
      {
        ...asked,
        CopySource: "landing/Cr%C3%A9dit%20%26%20Co%2Fa.dat",
        ContentType: "application/octet-stream",
      },
      { ...asked, CopySource: "landing/a?versionId=v%2B1", ContentType: "text/csv" },
    ]);
  });

  it("is encrypted with the key of the settings", async () => {
    const of = { ...settings, kmsKeyId: "alias/raw" };
    const { s3, versions } = scripted({ HeadObject: [missing, copied] }, { of });
    await versions.copyHere(source, "b", "mark");
    expect(s3.inputs("CopyObject")[0]).toMatchObject({
      ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: "alias/raw", BucketKeyEnabled: true },
    });
  });

  it.each(["PreconditionFailed", "ConditionalRequestConflict"])(
    "that is refused was made by another attempt, or the key holds something else: %s",
    async (name) => {
      const HeadObject = [missing, copied, missing, { VersionId: "v2" }, missing, missing];
      const { versions } = scripted({ HeadObject, CopyObject: [s3Failure(name, 412)] });
      expect(await versions.copyHere(source, "b", "mark")).toMatchObject({ key: "b", versionId: "v2" });
      for (let attempt = 2; attempt <= 3; attempt += 1) {
        await expect(versions.copyHere(source, "b", "mark")).rejects.toMatchObject({
          name: "ConflictError",
          message: "s3://raw/b is not a copy of what it should be",
          hint: "Find out who writes to this bucket beside the program.",
        });
      }
    },
  );

  it.each(["NoSuchKey", "NoSuchVersion"])("of what doesn't exist is undefined: %s", async (name) => {
    const { versions } = scripted({ HeadObject: [missing], CopyObject: [s3Failure(name, 404)] });
    expect(await versions.copyHere(source, "b", "mark")).toBeUndefined();
  });

  it("may be refused", async () => {
    const { versions } = scripted({ HeadObject: [missing], CopyObject: [s3Failure("AccessDenied", 403)] });
    await expect(versions.copyHere(source, "b", "mark")).rejects.toThrow(
      "S3 did not copy an object to s3://raw/b: AccessDenied",
    );
  });
});

describe("a listing", () => {
  async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
    const found: Item[] = [];
    for await (const item of items) found.push(item);
    return found;
  }

  it("goes on from page to page until S3 says that it is complete", async () => {
    const pages = [
      { IsTruncated: true, NextContinuationToken: "1", Contents: [{ Key: "a/1", LastModified: writtenAt }] },
      { IsTruncated: true, NextContinuationToken: "2" },
      {
        IsTruncated: false,
        NextContinuationToken: "3",
        Contents: [{ Key: "a/2", LastModified: writtenAt }, {}],
      },
    ];
    const { s3, versions } = scripted({ ListObjectsV2: pages });
    expect(await all(versions.listObjects("a/", { after: "a/0", pageSize: 2 }))).toEqual([
      { key: "a/1", writtenAt },
      { key: "a/2", writtenAt },
    ]);
    const asked = { Bucket: "raw", Prefix: "a/", StartAfter: "a/0", MaxKeys: 2 };
    expect(s3.inputs("ListObjectsV2")).toEqual([
      { ...asked, ContinuationToken: undefined },
      { ...asked, ContinuationToken: "1" },
      { ...asked, ContinuationToken: "2" },
    ]);
  });

  it("has as many keys a page as S3 gives, unless fewer are asked for", async () => {
    const { s3, versions } = scripted({ ListObjectsV2: [{ Contents: [{ Key: "a/1" }] }] });
    expect(await all(versions.list("a/"))).toEqual(["a/1"]);
    expect(await all(versions.list("a/", 7))).toEqual(["a/1"]);
    await all(versions.listObjects("a/"));
    expect(s3.inputs("ListObjectsV2").map(({ MaxKeys, StartAfter }) => [MaxKeys, StartAfter])).toEqual([
      [1000, undefined],
      [7, undefined],
      [1000, undefined],
    ]);
  });

  it("of folders has their names alone", async () => {
    const CommonPrefixes = [{ Prefix: "raw/BankOne/" }, { Prefix: "raw/BankTwo/" }];
    const { s3, versions } = scripted({
      ListObjectsV2: [{ IsTruncated: true, NextContinuationToken: "1", CommonPrefixes }, {}],
    });
    expect(await versions.folders("raw/")).toEqual(["BankOne", "BankTwo"]);
    expect(s3.inputs("ListObjectsV2")[0]).toMatchObject({ Prefix: "raw/", Delimiter: "/" });
  });

  it("may be refused", async () => {
    const { versions } = scripted({ ListObjectsV2: [s3Failure("AccessDenied", 403)] });
    await expect(versions.folders("raw/")).rejects.toThrow(
      "S3 did not list the objects of s3://raw/raw/: AccessDenied",
    );
  });
});

it("whatever fails after the signal has the signal's reason", async () => {
  const stop = new AbortController();
  const { versions } = scripted({ HeadObject: [s3Failure("AbortError")] }, { signal: stop.signal });
  const reason = new Error("somebody pressed Ctrl-C");
  stop.abort(reason);
  await expect(versions.find("a", null)).rejects.toBe(reason);
});
