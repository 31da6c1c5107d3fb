/** What the bucket is asked for, and what its answers mean to a run. */
import { setImmediate as tick } from "node:timers/promises";

import { ObjectStore, type ObjectVersion } from "../../../src/platform/bucket/object-store";
import { DeadlineError } from "../../../src/platform/errors";
import type { BucketSettings } from "../../../src/platform/settings";
import { type Answer, s3Failure, ScriptedS3 } from "../../support/scripted-s3";

const settings: BucketSettings = { bucket: "extracts", kmsKeyId: undefined, forcePathStyle: false };
const before: ObjectVersion = { etag: '"1"', versionId: "v1" };

function scripted(
  answers: Readonly<Record<string, readonly Answer[]>>,
  { of = settings, signal = new AbortController().signal } = {},
) {
  const s3 = new ScriptedS3(answers);
  return { s3, objects: new ObjectStore(s3.client, of, "run 1", signal) };
}

const written = { ETag: '"2"', VersionId: "v2" };

describe("an object that is written", () => {
  it("names its run and is encrypted as the settings say", async () => {
    const { s3, objects } = scripted(
      { PutObject: [written] },
      { of: { ...settings, kmsKeyId: "alias/loans" } },
    );
    expect(await objects.putJson("a.json", "{}", undefined)).toEqual({ etag: '"2"', versionId: "v2" });
    expect(s3.inputs("PutObject")).toEqual([
      {
        ...{ Bucket: "extracts", Key: "a.json", Body: "{}", ContentType: "application/json" },
        ...{ Metadata: { "run-id": "run 1" }, IfNoneMatch: "*" },
        ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: "alias/loans", BucketKeyEnabled: true },
      },
    ]);
  });

  it("is encrypted as the bucket says if the settings name no key", async () => {
    const { s3, objects } = scripted({ PutObject: [written] });
    await objects.put("a.csv", "1", "text/csv", undefined);
    expect(Object.keys(s3.inputs("PutObject")[0] ?? {}).sort()).toEqual(
      ["Bucket", "Key", "Body", "ContentType", "Metadata", "IfNoneMatch"].sort(),
    );
  });

  it("replaces only the version that was there before", async () => {
    const { s3, objects } = scripted({ PutObject: [written], CompleteMultipartUpload: [written] });
    await objects.put("a.csv", "1", "text/csv", before);
    const parts = [{ PartNumber: 1, ETag: '"p"' }];
    await objects.complete({ key: "b.csv", uploadId: "u", parts }, before);
    await objects.complete({ key: "c.csv", uploadId: "u", parts }, undefined);
    const conditions = s3.asked.map(({ input: { IfMatch, IfNoneMatch } }) => [IfMatch, IfNoneMatch]);
    expect(conditions).toEqual([
      ['"1"', undefined],
      ['"1"', undefined],
      [undefined, "*"],
    ]);
    expect(s3.inputs("CompleteMultipartUpload")[0]).toMatchObject({
      ...{ Bucket: "extracts", Key: "b.csv", UploadId: "u", MultipartUpload: { Parts: parts } },
    });
  });
});

describe("a write that S3 refuses", () => {
  const refusals = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload", "NoSuchKey"];

  it.each(refusals)("was carried out before, if the key holds what this run wrote: %s", async (name) => {
    const { objects } = scripted({
      PutObject: [s3Failure(name)],
      HeadObject: [{ ...written, Metadata: { "run-id": "run 1" } }],
    });
    expect(await objects.put("a", "1", "text/csv", before)).toEqual({ etag: '"2"', versionId: "v2" });
  });

  it.each(refusals)("is a conflict, if another run has written the key: %s", async (name) => {
    for (const found of [{ ...written, Metadata: { "run-id": "run 2" } }, written, s3Failure("NotFound")]) {
      const cause = s3Failure(name);
      const { objects } = scripted({ PutObject: [cause], HeadObject: [found] });
      await expect(objects.put("a", "1", "text/csv", before)).rejects.toMatchObject({
        name: "ConflictError",
        message: "another run wrote s3://extracts/a in the meantime",
        hint: "Wait until the other run has ended; the next one continues from what is published.",
        cause,
      });
    }
  });

  it("is no conflict if nothing was to be replaced and something else is missing", async () => {
    const { s3, objects } = scripted({ PutObject: [s3Failure("NoSuchKey", 404)] });
    await expect(objects.put("a", "1", "text/csv", undefined)).rejects.toMatchObject({
      name: "StorageError",
      message: "S3 did not write s3://extracts/a: NoSuchKey: no (HTTP 404)",
    });
    expect(s3.inputs("HeadObject")).toEqual([]);
  });

  it("for want of a right is no conflict", async () => {
    const { objects } = scripted({ PutObject: [s3Failure("AccessDenied", 403)] });
    await expect(objects.put("a", "1", "text/csv", before)).rejects.toMatchObject({ name: "StorageError" });
  });
});

describe("the version that a key holds", () => {
  it("is undefined if it holds none, and has no id if it was written without versioning", async () => {
    const answers = [
      written,
      { ETag: '"2"', VersionId: "null" },
      { ETag: '"2"' },
      s3Failure("NotFound", 404),
    ];
    const { objects } = scripted({ HeadObject: answers });
    expect([await objects.head("a"), await objects.head("a"), await objects.head("a")]).toEqual(
      ["v2", null, null].map((versionId) => ({ etag: '"2"', versionId })),
    );
    expect(await objects.head("a")).toBeUndefined();
  });

  it("is unknown if S3 refuses to say", async () => {
    const { objects } = scripted({ HeadObject: [s3Failure("Forbidden", 403)] });
    await expect(objects.head("a")).rejects.toThrow("S3 did not look at s3://extracts/a: Forbidden");
  });
});

describe("the text of an object", () => {
  const deleted = s3Failure("NoSuchKey", 404, { $response: { headers: { "x-amz-delete-marker": "true" } } });

  it("comes with its version", async () => {
    const Body = { transformToString: () => Promise.resolve("text") };
    const { objects } = scripted({ GetObject: [{ ...written, Body }, written] });
    const version = { etag: '"2"', versionId: "v2" };
    expect(await objects.read("a")).toEqual({ text: "text", version });
    expect(await objects.read("a")).toEqual({ text: "", version });
  });

  it("is undefined if the key holds nothing, unless somebody has deleted what the program never deletes", async () => {
    const { objects } = scripted({ GetObject: [s3Failure("NoSuchKey", 404), deleted] });
    expect(await objects.read("a", { isEverDeleted: false })).toBeUndefined();
    expect(await objects.read("a")).toBeUndefined();
    expect(await objects.read("a", { isEverDeleted: true })).toBeUndefined();
    await expect(objects.read("a", { isEverDeleted: false })).rejects.toThrow(
      "s3://extracts/a was deleted, so what is published is unknown",
    );
  });

  it("is unknown if S3 refuses it", async () => {
    const { objects } = scripted({ GetObject: [s3Failure("AccessDenied", 403)] });
    await expect(objects.read("a")).rejects.toThrow("S3 did not read s3://extracts/a: AccessDenied");
  });
});

describe("the bytes of a version", () => {
  async function* bytes(...chunks: (string | Error)[]) {
    for (const chunk of chunks) {
      await tick();
      if (chunk instanceof Error) throw chunk;
      yield Buffer.from(chunk);
    }
  }

  async function textOf(body: AsyncIterable<Buffer> | undefined): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of body ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  it("are those of the version that is asked for, or of the one that the key holds now", async () => {
    const some = { Body: { transformToByteArray: () => Promise.resolve(Buffer.from("bc")) } };
    const whole = () => ({ Body: bytes("ab", "cd") });
    const { s3, objects } = scripted({ GetObject: [whole(), whole(), some, some] });
    expect(await textOf(await objects.open("a", "v1"))).toBe("abcd");
    expect(await textOf(await objects.open("a", null))).toBe("abcd");
    expect(await objects.readRange("a", "v1", 1, 3)).toEqual(Buffer.from("bc"));
    expect(await objects.readRange("a", null, 1, 3)).toEqual(Buffer.from("bc"));
    const address = { Bucket: "extracts", Key: "a" };
    expect(s3.inputs("GetObject")).toEqual([
      { ...address, VersionId: "v1" },
      { ...address, VersionId: undefined },
      { ...address, VersionId: "v1", Range: "bytes=1-2" },
      { ...address, VersionId: undefined, Range: "bytes=1-2" },
    ]);
  });

  it.each(["NoSuchKey", "NoSuchVersion"])("are undefined if there is no such version: %s", async (name) => {
    const { objects } = scripted({ GetObject: [s3Failure(name, 404)] });
    expect(await objects.open("a", "v1")).toBeUndefined();
    expect(await objects.readRange("a", "v1", 0, 1)).toBeUndefined();
  });

  it("are an error if S3 refuses them", async () => {
    const { objects } = scripted({ GetObject: [s3Failure("AccessDenied", 403)] });
    const message = "S3 did not read s3://extracts/a: AccessDenied: no (HTTP 403)";
    await expect(objects.open("a", null)).rejects.toThrow(message);
    await expect(objects.readRange("a", null, 0, 1)).rejects.toThrow(message);
  });

  it("that stop on their way are worth a retry", async () => {
    const { objects } = scripted({ GetObject: [{ Body: bytes("ab", new Error("socket hang up")) }] });
    const body = await objects.open("a", null);
    await expect(textOf(body)).rejects.toMatchObject({
      ...{ name: "StorageError", retry: true },
      message: "S3 did not read s3://extracts/a: Error: socket hang up",
    });
  });
});

describe("removing an object", () => {
  it("removes only the version that was looked at", async () => {
    const { s3, objects } = scripted({});
    await objects.remove("a", before);
    expect(s3.inputs("DeleteObject")).toEqual([{ Bucket: "extracts", Key: "a", IfMatch: '"1"' }]);
  });

  it.each(["NoSuchKey", "NotFound"])("that is not there is no error: %s", async (name) => {
    const { objects } = scripted({ DeleteObject: [s3Failure(name, 404)] });
    await expect(objects.remove("a", before)).resolves.toBeUndefined();
  });

  it.each(["PreconditionFailed", "ConditionalRequestConflict"])(
    "that another run has written since is a conflict: %s",
    async (name) => {
      const { objects } = scripted({ DeleteObject: [s3Failure(name, 412)] });
      await expect(objects.remove("a", before)).rejects.toThrow("another run wrote s3://extracts/a");
    },
  );

  it("may be refused", async () => {
    const { objects } = scripted({ DeleteObject: [s3Failure("AccessDenied", 403)] });
    await expect(objects.remove("a", before)).rejects.toThrow(
      "S3 did not remove s3://extracts/a: AccessDenied",
    );
  });
});

describe("uploads that were never completed", () => {
  it("are found on every page, where their keys are wanted", async () => {
    const upload = (Key: string, UploadId: string) => ({ Key, UploadId });
    const { s3, objects } = scripted({
      ListMultipartUploads: [
        {
          ...{ IsTruncated: true, NextKeyMarker: "a/2", NextUploadIdMarker: "u2" },
          Uploads: [upload("a/1", "u1"), { Key: "a/2" }, { UploadId: "u0" }, upload("a/x", "u2")],
        },
        { IsTruncated: true, NextKeyMarker: "a/3", NextUploadIdMarker: "u3" },
        // S3 may give markers on the last page, too.
        {
          IsTruncated: false,
          NextKeyMarker: "a/4",
          NextUploadIdMarker: "u4",
          Uploads: [upload("a/4", "u4")],
        },
      ],
    });
    expect(await objects.openUploads("a/", (key) => key !== "a/x")).toEqual([
      { key: "a/1", uploadId: "u1" },
      { key: "a/4", uploadId: "u4" },
    ]);
    const page = { Bucket: "extracts", Prefix: "a/" };
    expect(s3.inputs("ListMultipartUploads")).toEqual([
      page,
      { ...page, KeyMarker: "a/2", UploadIdMarker: "u2" },
      { ...page, KeyMarker: "a/3", UploadIdMarker: "u3" },
    ]);
  });

  it("can't be found if S3 refuses the list", async () => {
    const { objects } = scripted({ ListMultipartUploads: [s3Failure("AccessDenied", 403)] });
    await expect(objects.openUploads("a/", () => true)).rejects.toThrow(
      "S3 did not list the open uploads of s3://extracts/a/: AccessDenied",
    );
  });

  it("are aborted, and one that is gone already is no error", async () => {
    const gone = s3Failure("NoSuchUpload", 404);
    const { s3, objects } = scripted({ AbortMultipartUpload: [{}, gone, s3Failure("AccessDenied", 403)] });
    await objects.abort({ key: "a", uploadId: "u1" });
    await objects.abort({ key: "a", uploadId: "u2" });
    await expect(objects.abort({ key: "a", uploadId: "u3" })).rejects.toThrow(
      "S3 did not abort an upload of s3://extracts/a: AccessDenied",
    );
    expect(s3.inputs("AbortMultipartUpload")[0]).toEqual({ Bucket: "extracts", Key: "a", UploadId: "u1" });
  });
});

it("whatever fails after the time limit fails because of it", async () => {
  const stop = new AbortController();
  const { objects } = scripted({ HeadObject: [s3Failure("AbortError")] }, { signal: stop.signal });
  stop.abort(new DeadlineError("the time limit of 60 s is reached", { hint: "Give it more time." }));
  await expect(objects.head("a")).rejects.toMatchObject({
    name: "DeadlineError",
    message: "the time limit of 60 s is reached; S3 did not look at s3://extracts/a in time",
  });
});
