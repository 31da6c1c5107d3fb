// The rules of S3 that the program relies on, checked on the local S3 through the unmodified SDK.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { startLocalAws, type LocalAws } from "../../../local/aws/server";
import { silentLogger } from "../../support/silent-logger";

const bucket = "plain-bucket";
const versioned = "versioned-bucket";
const mebibyte = 1024 * 1024;

let aws: LocalAws;
let s3: S3Client;

beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket(bucket);
  aws.createBucket(versioned, { versioning: true });
  s3 = client();
});

afterAll(async () => {
  s3.destroy();
  await aws.close();
});

interface ClientOptions {
  readonly secretAccessKey?: string;
  readonly accessKeyId?: string;
  readonly region?: string;
  readonly requestChecksumCalculation?: "WHEN_REQUIRED" | "WHEN_SUPPORTED";
}

function client(options: ClientOptions = {}): S3Client {
  const { clientConfig } = aws;
  const { region = clientConfig.region, requestChecksumCalculation = "WHEN_SUPPORTED", ...keys } = options;
  return new S3Client({
    ...clientConfig,
    region,
    forcePathStyle: true,
    credentials: { ...clientConfig.credentials, ...keys },
    maxAttempts: 1,
    requestChecksumCalculation,
    logger: silentLogger,
  });
}

const put = (Key: string, Body: string | Buffer | Readable, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }));

async function textOf(Key: string, more: { VersionId?: string; Range?: string } = {}, Bucket = bucket) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Body?.transformToString();
}

async function createUpload(Key: string, Bucket = bucket): Promise<string> {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC32" }),
  );
  return UploadId ?? "";
}

async function uploadPart(
  Key: string,
  UploadId: string,
  PartNumber: number,
  Body: string | Buffer,
): Promise<CompletedPart> {
  const { ETag, ChecksumCRC32 } = await s3.send(
    new UploadPartCommand({ Bucket: bucket, Key, UploadId, PartNumber, Body }),
  );
  return { PartNumber, ETag, ChecksumCRC32 };
}

const complete = (
  Key: string,
  UploadId: string,
  Parts: CompletedPart[],
  more: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  s3.send(
    new CompleteMultipartUploadCommand({
      Bucket: bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts },
      ...more,
    }),
  );

function expectRefused(operation: Promise<unknown>, status: number, name: string): Promise<void> {
  return expect(operation).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
}

const md5 = (...texts: string[]) => texts.reduce((hash, text) => hash.update(text), createHash("md5"));

describe("buckets", () => {
  it("are created only once", async () => {
    await s3.send(new CreateBucketCommand({ Bucket: "made-over-http" }));
    await s3.send(new HeadBucketCommand({ Bucket: "made-over-http" }));
    await expectRefused(
      s3.send(new CreateBucketCommand({ Bucket: "made-over-http" })),
      409,
      "BucketAlreadyOwnedByYou",
    );
  });

  it("have names that are valid in DNS", async () => {
    await expectRefused(
      s3.send(new CreateBucketCommand({ Bucket: "Not_A_Bucket" })),
      400,
      "InvalidBucketName",
    );
  });

  it("that are missing make every operation fail with NoSuchBucket", async () => {
    await expectRefused(s3.send(new HeadBucketCommand({ Bucket: "missing" })), 404, "NotFound");
    await expectRefused(s3.send(new ListObjectsV2Command({ Bucket: "missing" })), 404, "NoSuchBucket");
    await expectRefused(put("a", "x", { Bucket: "missing" }), 404, "NoSuchBucket");
  });
});

describe("objects", () => {
  it("keep headers, metadata and encryption", async () => {
    const headers = {
      ContentType: "text/csv; charset=utf-8",
      ContentDisposition: 'attachment; filename="a b.csv"',
      ContentEncoding: "gzip",
      CacheControl: "no-store",
      Metadata: { rows: "12" },
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: "arn:aws:kms:us-east-1:000000000000:key/k",
      BucketKeyEnabled: true,
    } as const;
    const written = await put("headers", "x", headers);
    expect(written).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: headers.SSEKMSKeyId,
      BucketKeyEnabled: true,
    });
    expect(await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "headers" }))).toMatchObject(headers);
    expect(await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "headers" }))).toMatchObject(headers);
  });

  it("are encrypted and binary by default", async () => {
    await put("defaults", "", { ContentLength: 0 });
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "defaults" }));
    expect(head).toMatchObject({ ContentLength: 0, ServerSideEncryption: "AES256" });
    expect(await textOf("defaults")).toBe("");
  });

  it("have their MD5 as ETag and no version id in an unversioned bucket", async () => {
    const written = await put("etag", "hello");
    expect(written.ETag).toBe(`"${md5("hello").digest("hex")}"`);
    expect(written.VersionId).toBeUndefined();
  });

  it("show their checksum only when asked", async () => {
    const written = await put("checksum", "abc", { ChecksumAlgorithm: "SHA256" });
    const sha256 = createHash("sha256").update("abc").digest("base64");
    expect(written.ChecksumSHA256).toBe(sha256);
    const target = { Bucket: bucket, Key: "checksum" };
    const asked = await s3.send(new HeadObjectCommand({ ...target, ChecksumMode: "ENABLED" }));
    expect(asked).toMatchObject({ ChecksumSHA256: sha256, ChecksumType: "FULL_OBJECT" });
    expect((await s3.send(new HeadObjectCommand(target))).ChecksumSHA256).toBeUndefined();
  });

  it("are refused if the checksum or MD5 is wrong, and the old object stays", async () => {
    await put("guarded", "old");
    await expectRefused(put("guarded", "new", { ChecksumCRC32: "AAAAAA==" }), 400, "BadDigest");
    await expectRefused(put("guarded", "new", { ChecksumCRC32: "AAA=" }), 400, "InvalidRequest");
    await expectRefused(
      put("guarded", "new", { ContentMD5: md5("other").digest("base64") }),
      400,
      "BadDigest",
    );
    const two = { ChecksumCRC32: "NSRBwg==", ChecksumSHA1: "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" };
    await expectRefused(put("guarded", "abc", two), 400, "InvalidRequest");
    expect(await textOf("guarded")).toBe("old");
  });

  it("are accepted as aws-chunked streams, whose framing is not stored", async () => {
    const bytes = randomBytes(300_000);
    await put("stream", Readable.from([bytes.subarray(0, 99_999), bytes.subarray(99_999)]), {
      ContentLength: bytes.length,
    });
    const { Body, ContentEncoding } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "stream" }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect(ContentEncoding).toBeUndefined();
    await put("stream", Readable.from([bytes]), { ContentLength: bytes.length, ContentEncoding: "gzip" });
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "stream" }));
    expect(head.ContentEncoding).toBe("gzip");
  });

  it("are accepted as unsigned streams, but only with a length", async () => {
    const plain = client({ requestChecksumCalculation: "WHEN_REQUIRED" });
    const write = (ContentLength?: number) => {
      const Body = Readable.from([Buffer.from("unsigned")]);
      return plain.send(new PutObjectCommand({ Bucket: bucket, Key: "unsigned", Body, ContentLength }));
    };
    await expectRefused(write(), 501, "NotImplemented");
    await write(8);
    expect(await textOf("unsigned")).toBe("unsigned");
  });

  it("are refused when they are shorter than announced, or longer than 5 GiB", async () => {
    const short = Readable.from([Buffer.from("short")]);
    await expectRefused(put("length", short, { ContentLength: 6 }), 400, "IncompleteBody");
    const long = Readable.from([Buffer.from("pretended")]);
    await expectRefused(put("length", long, { ContentLength: 5 * 1024 ** 3 + 1 }), 400, "EntityTooLarge");
    await expectRefused(textOf("length"), 404, "NoSuchKey");
  });

  it("that are large are sent after 100-continue", async () => {
    const bytes = randomBytes(3 * mebibyte);
    const { ETag } = await put("big", bytes);
    expect(ETag).toBe(`"${createHash("md5").update(bytes).digest("hex")}"`);
  });

  it("can be read in ranges", async () => {
    await put("range", "0123456789");
    expect(await textOf("range", { Range: "bytes=2-4" })).toBe("234");
    expect(await textOf("range", { Range: "bytes=7-" })).toBe("789");
    expect(await textOf("range", { Range: "bytes=-2" })).toBe("89");
    expect(await textOf("range", { Range: "bytes=8-99" })).toBe("89");
    const { $metadata, ContentRange } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: "range", Range: "bytes=0-0" }),
    );
    expect([$metadata.httpStatusCode, ContentRange]).toEqual([206, "bytes 0-0/10"]);
    await expectRefused(textOf("range", { Range: "bytes=10-" }), 416, "InvalidRange");
  });

  it.each([
    "a b.csv",
    "ü-日本.csv",
    "100%25 x.csv",
    "a+b=c&d.csv",
    "q'(1)!*.csv",
    "m=2026-09/x#1?.csv",
    "a//b",
  ])("may have the key %p", async (name) => {
    const key = `names/${name}`;
    await put(key, name);
    expect(await textOf(key)).toBe(name);
    for (const EncodingType of [undefined, "url"] as const) {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: key, EncodingType }),
      );
      const listed = Contents[0]?.Key ?? "";
      expect(EncodingType === undefined ? listed : decodeURIComponent(listed)).toBe(key);
    }
  });

  it("may have keys that are prefixes of one another", async () => {
    await put("p", "1");
    await put("p/q", "2");
    expect([await textOf("p"), await textOf("p/q")]).toEqual(["1", "2"]);
  });

  it("are gone after a delete, which succeeds for a missing key as well", async () => {
    await put("gone", "x");
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "gone" }));
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "gone" }));
    await expectRefused(textOf("gone"), 404, "NoSuchKey");
    await expectRefused(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "gone" })), 404, "NotFound");
  });

  it("stay readable to the end while they are replaced", async () => {
    const bytes = randomBytes(12 * mebibyte);
    const parts = { client: s3, partSize: 5 * mebibyte };
    await new Upload({ ...parts, params: { Bucket: bucket, Key: "replaced", Body: bytes } }).done();
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "replaced" }));
    await put("replaced", "new");
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
  });
});

describe("conditional writes", () => {
  it("with If-None-Match create a key once", async () => {
    await put("once", "1", { IfNoneMatch: "*" });
    await expectRefused(put("once", "2", { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    expect(await textOf("once")).toBe("1");
  });

  it("with If-None-Match have exactly one winner", async () => {
    const writers = Array.from({ length: 10 }, (_, index) => put("race", `v${index}`, { IfNoneMatch: "*" }));
    const outcomes = await Promise.allSettled(writers);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("with If-Match replace only the object that was read", async () => {
    const { ETag } = await put("seen", "1");
    await put("seen", "2", { IfMatch: ETag });
    await expectRefused(put("seen", "3", { IfMatch: ETag }), 412, "PreconditionFailed");
    await expectRefused(put("never-seen", "1", { IfMatch: ETag }), 404, "NoSuchKey");
    expect(await textOf("seen")).toBe("2");
  });

  it("treat a delete marker as an absent object", async () => {
    const target = { Bucket: versioned, Key: "marked" };
    const { ETag } = await put("marked", "1", target);
    await s3.send(new DeleteObjectCommand(target));
    await expectRefused(put("marked", "2", { ...target, IfMatch: ETag }), 404, "NoSuchKey");
    await put("marked", "2", { ...target, IfNoneMatch: "*" });
    expect(await textOf("marked", {}, versioned)).toBe("2");
  });

  it.each([bucket, versioned])(
    "that race with a delete end with ConditionalRequestConflict in %s",
    async (Bucket) => {
      await put("crossed", "1", { Bucket });
      const { Body, release } = stalled("half", "rest");
      const write = put("crossed", Body, { Bucket, ContentLength: 8, IfNoneMatch: "*" });
      const refused = expectRefused(write, 409, "ConditionalRequestConflict");
      await underWay("crossed");
      await s3.send(new DeleteObjectCommand({ Bucket, Key: "crossed" }));
      release();
      await refused;
    },
  );

  it("support only the conditions of S3", async () => {
    await expectRefused(put("once", "2", { IfNoneMatch: '"etag"' }), 501, "NotImplemented");
    await expectRefused(put("once", "2", { IfNoneMatch: "*", IfMatch: "x" }), 501, "NotImplemented");
  });
});

describe("multipart uploads", () => {
  it("become one object, with composite ETag and checksum", async () => {
    const key = "multipart";
    const headers = {
      ContentType: "text/csv",
      Metadata: { month: "2026-09" },
      ServerSideEncryption: "aws:kms",
    } as const;
    const bytes = randomBytes(11 * mebibyte);
    const result = await new Upload({
      client: s3,
      params: { Bucket: bucket, Key: key, Body: Readable.from([bytes]), ...headers },
      partSize: 5 * mebibyte,
    }).done();
    const slices = [0, 5, 10].map((start) => bytes.subarray(start * mebibyte, (start + 5) * mebibyte));
    const digests = slices.map((slice) => createHash("md5").update(slice).digest());
    const etag = `"${createHash("md5").update(Buffer.concat(digests)).digest("hex")}-3"`;
    expect(result).toMatchObject({ ETag: etag, ChecksumType: "COMPOSITE", ServerSideEncryption: "aws:kms" });
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({
      ...headers,
      ETag: etag,
      ContentLength: bytes.length,
      ChecksumType: "COMPOSITE",
    });
    expect(head.ChecksumCRC32).toMatch(/^.{8}-3$/);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    const range = `bytes=${5 * mebibyte - 2}-${10 * mebibyte + 1}`;
    const middle = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
    expect(
      Buffer.from((await middle.Body?.transformToByteArray()) ?? []).equals(
        bytes.subarray(5 * mebibyte - 2, 10 * mebibyte + 2),
      ),
    ).toBe(true);
  });

  it("leave no object before they are completed, or when they are aborted", async () => {
    const id = await createUpload("aborted");
    await uploadPart("aborted", id, 1, "x");
    await expectRefused(textOf("aborted"), 404, "NoSuchKey");
    const target = { Bucket: bucket, Key: "aborted", UploadId: id };
    await s3.send(new AbortMultipartUploadCommand(target));
    await expectRefused(textOf("aborted"), 404, "NoSuchKey");
    await expectRefused(s3.send(new AbortMultipartUploadCommand(target)), 404, "NoSuchUpload");
    await expectRefused(uploadPart("aborted", id, 2, "x"), 404, "NoSuchUpload");
    await expectRefused(s3.send(new ListPartsCommand(target)), 404, "NoSuchUpload");
    await expectRefused(complete("aborted", id, [{ PartNumber: 1, ETag: "x" }]), 404, "NoSuchUpload");
  });

  it("refuse a part that is still being sent when they are aborted", async () => {
    const id = await createUpload("under-way");
    const target = { Bucket: bucket, Key: "under-way", UploadId: id };
    const { Body, release } = stalled("half", "rest");
    const part = s3.send(new UploadPartCommand({ ...target, PartNumber: 1, Body, ContentLength: 8 }));
    const refused = expectRefused(part, 404, "NoSuchUpload");
    await underWay("under-way");
    await s3.send(new AbortMultipartUploadCommand(target));
    release();
    await refused;
  });

  it("refuse lists of parts that don't match", async () => {
    const id = await createUpload("listed");
    const first = await uploadPart("listed", id, 1, Buffer.alloc(5 * mebibyte));
    const second = await uploadPart("listed", id, 2, "tail");
    await expectRefused(complete("listed", id, [second, first]), 400, "InvalidPartOrder");
    await expectRefused(complete("listed", id, [first, first]), 400, "InvalidPartOrder");
    await expectRefused(complete("listed", id, [first, { ...second, PartNumber: 3 }]), 400, "InvalidPart");
    await expectRefused(complete("listed", id, [{ ...first, ETag: '"0"' }, second]), 400, "InvalidPart");
    const wrong = { ...first, ChecksumCRC32: second.ChecksumCRC32 };
    await expectRefused(complete("listed", id, [wrong, second]), 400, "InvalidPart");
    await expectRefused(complete("listed", id, []), 400, "MalformedXML");
    await expectRefused(complete("listed", id, [first, second], { MpuObjectSize: 1 }), 400, "InvalidRequest");
    await expectRefused(
      complete("listed", id, [first, second], { ChecksumCRC32: "AAAAAA==-2" }),
      400,
      "BadDigest",
    );
    await complete("listed", id, [first, second], { MpuObjectSize: 5 * mebibyte + 4 });
    expect(await textOf("listed", { Range: "bytes=-5" })).toBe("\0tail");
  });

  it("require the checksum of each part if they were created with an algorithm", async () => {
    const id = await createUpload("checksums");
    const { PartNumber, ETag } = await uploadPart("checksums", id, 1, "x");
    await expectRefused(complete("checksums", id, [{ PartNumber, ETag }]), 400, "InvalidRequest");
    const part = { Bucket: bucket, Key: "checksums", UploadId: id, PartNumber: 2, Body: "x" };
    const other = new UploadPartCommand({ ...part, ChecksumAlgorithm: "SHA256" });
    await expectRefused(s3.send(other), 400, "InvalidRequest");
  });

  it("refuse parts below 5 MiB, except the last one", async () => {
    const id = await createUpload("small");
    const parts = [
      await uploadPart("small", id, 1, Buffer.alloc(5 * mebibyte - 1)),
      await uploadPart("small", id, 2, "x"),
    ];
    await expectRefused(complete("small", id, parts), 400, "EntityTooSmall");
  });

  it("use the last upload of a part, and leave out parts that aren't listed", async () => {
    const id = await createUpload("again");
    const stale = await uploadPart("again", id, 1, "old");
    const part = await uploadPart("again", id, 1, "new");
    await uploadPart("again", id, 2, "unlisted");
    await expectRefused(complete("again", id, [stale]), 400, "InvalidPart");
    await complete("again", id, [part]);
    expect(await textOf("again")).toBe("new");
  });

  it("refuse part numbers above 10000", async () => {
    const id = await createUpload("numbers");
    await expectRefused(uploadPart("numbers", id, 10_001, "x"), 400, "InvalidArgument");
  });

  it("check the condition when they are completed, and stay open if it fails", async () => {
    await put("condition", "there");
    const id = await createUpload("condition");
    const parts = [await uploadPart("condition", id, 1, "new")];
    await expectRefused(complete("condition", id, parts, { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    await expectRefused(complete("condition", id, parts, { IfMatch: '"0"' }), 412, "PreconditionFailed");
    expect(await textOf("condition")).toBe("there");
    await complete("condition", id, parts, { IfMatch: md5("there").digest("hex") });
    expect(await textOf("condition")).toBe("new");
  });

  it("return the same result when completed again, or 412 if the condition no longer holds", async () => {
    const id = await createUpload("repeated");
    const parts = [await uploadPart("repeated", id, 1, "x")];
    const first = await complete("repeated", id, parts, { IfNoneMatch: "*" });
    const second = await complete("repeated", id, parts);
    expect(second.ETag).toBe(first.ETag);
    await expectRefused(complete("repeated", id, parts, { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    await expectRefused(uploadPart("repeated", id, 2, "x"), 404, "NoSuchUpload");
  });

  it("belong to their key", async () => {
    const id = await createUpload("belongs");
    await expectRefused(uploadPart("other-key", id, 1, "x"), 404, "NoSuchUpload");
  });

  it("give the object the date of their initiation", async () => {
    const id = await createUpload("age");
    const part = await uploadPart("age", id, 1, "x");
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: "age" }));
    await complete("age", id, [part]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "age" }));
    expect(Contents?.[0]?.LastModified).toEqual(Uploads?.[0]?.Initiated);
  });

  it("of one key are independent of each other", async () => {
    const ids = [await createUpload("twice"), await createUpload("twice")] as const;
    const parts = [
      await uploadPart("twice", ids[0], 1, "first"),
      await uploadPart("twice", ids[1], 1, "second"),
    ] as const;
    await complete("twice", ids[1], [parts[1]]);
    await complete("twice", ids[0], [parts[0]]);
    expect(await textOf("twice")).toBe("first");
  });

  it("are listed by key and then by age, in pages", async () => {
    const keys = ["open/b", "open/a", "open/b", "open/a", "other"];
    const ids: string[] = [];
    for (const key of keys) ids.push(await createUpload(key));
    const found: (string | undefined)[][] = [];
    let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
    while (marker) {
      const page: ListUploadsPage = await s3.send(
        new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: "open/", MaxUploads: 3, ...marker }),
      );
      found.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => [Key, UploadId]));
      marker = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
    }
    expect(found).toEqual([
      ["open/a", ids[1]],
      ["open/a", ids[3]],
      ["open/b", ids[0]],
      ["open/b", ids[2]],
    ]);
  });

  it("list their parts in pages", async () => {
    const id = await createUpload("parts");
    for (const number of [10, 2, 1]) await uploadPart("parts", id, number, `part ${number}`);
    const target = { Bucket: bucket, Key: "parts", UploadId: id };
    const page = await s3.send(new ListPartsCommand({ ...target, MaxParts: 2 }));
    expect(page.Parts?.map((part) => part.PartNumber)).toEqual([1, 2]);
    expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: "2", ChecksumAlgorithm: "CRC32" });
    const rest = await s3.send(
      new ListPartsCommand({ ...target, PartNumberMarker: page.NextPartNumberMarker }),
    );
    expect(rest.Parts).toMatchObject([
      { PartNumber: 10, Size: 7, ETag: `"${md5("part 10").digest("hex")}"` },
    ]);
    expect(rest.IsTruncated).toBe(false);
  });
});

interface ListUploadsPage {
  Uploads?: { Key?: string | undefined; UploadId?: string | undefined }[] | undefined;
  IsTruncated?: boolean | undefined;
  NextKeyMarker?: string | undefined;
  NextUploadIdMarker?: string | undefined;
}

describe("listings of objects", () => {
  // "\uff5e" sorts before "\u{1f600}" by UTF-8 bytes, but after it by UTF-16 code units.
  const keys = ["A", "a", "a/1", "a/2", "b/1", "c", "\uff5e", "\u{1f600}"].map((key) => `list/${key}`);

  beforeAll(async () => {
    for (const key of [...keys].reverse()) await put(key, "x");
  });

  async function listed(more: {
    Delimiter?: string;
    StartAfter?: string;
    MaxKeys: number;
  }): Promise<string[][]> {
    const pages: string[][] = [];
    let token: string | undefined;
    do {
      const page: {
        Contents?: { Key?: string }[];
        CommonPrefixes?: { Prefix?: string }[];
        NextContinuationToken?: string;
      } = (await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: "list/", ContinuationToken: token, ...more }),
      )) as never;
      pages.push([
        ...(page.Contents ?? []).map(({ Key = "" }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix),
      ]);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return pages;
  }

  it("are sorted by the bytes of the keys, across pages", async () => {
    expect(await listed({ MaxKeys: 3 })).toEqual([keys.slice(0, 3), keys.slice(3, 6), keys.slice(6)]);
    expect(await listed({ MaxKeys: 8 })).toEqual([keys]);
  });

  it("group keys up to the delimiter, each prefix once", async () => {
    expect(await listed({ MaxKeys: 3, Delimiter: "/" })).toEqual([
      ["list/A", "list/a", "list/a/"],
      ["list/c", "list/\uff5e", "list/b/"],
      ["list/\u{1f600}"],
    ]);
  });

  it("start after a key", async () => {
    expect((await listed({ MaxKeys: 2, StartAfter: "list/a/2" }))[0]).toEqual(["list/b/1", "list/c"]);
  });
});

describe("versions", () => {
  const target = { Bucket: versioned, Key: "v" };

  it("are kept, found by id and hidden by a delete marker", async () => {
    const first = await put("v", "1", target);
    const second = await put("v", "2", target);
    expect(first.VersionId).not.toBe(second.VersionId);
    expect(await textOf("v", {}, versioned)).toBe("2");
    expect(await textOf("v", { VersionId: first.VersionId ?? "" }, versioned)).toBe("1");

    const marker = await s3.send(new DeleteObjectCommand(target));
    expect(marker.DeleteMarker).toBe(true);
    await expectRefused(textOf("v", {}, versioned), 404, "NoSuchKey");
    await expectRefused(
      textOf("v", { VersionId: marker.VersionId ?? "" }, versioned),
      405,
      "MethodNotAllowed",
    );
    await expectRefused(textOf("v", { VersionId: "none" }, versioned), 404, "NoSuchVersion");
    const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: versioned, Prefix: "v" }));
    expect(KeyCount).toBe(0);

    const pages = [
      await s3.send(new ListObjectVersionsCommand({ Bucket: versioned, Prefix: "v", MaxKeys: 2 })),
    ];
    const { NextKeyMarker, NextVersionIdMarker } = pages[0] ?? {};
    pages.push(
      await s3.send(
        new ListObjectVersionsCommand({
          Bucket: versioned,
          Prefix: "v",
          KeyMarker: NextKeyMarker,
          VersionIdMarker: NextVersionIdMarker,
        }),
      ),
    );
    expect(pages.map((page) => page.Versions?.map((version) => version.VersionId))).toEqual([
      [second.VersionId],
      [first.VersionId],
    ]);
    expect(pages[0]?.DeleteMarkers).toMatchObject([{ VersionId: marker.VersionId, IsLatest: true }]);

    await s3.send(new DeleteObjectCommand({ ...target, VersionId: marker.VersionId }));
    expect(await textOf("v", {}, versioned)).toBe("2");
    await s3.send(new DeleteObjectCommand({ ...target, VersionId: second.VersionId }));
    expect(await textOf("v", {}, versioned)).toBe("1");
  });

  it("start when versioning is enabled, and end when it is suspended", async () => {
    const Bucket = "late-versions";
    aws.createBucket(Bucket);
    const status = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    const setStatus = (Status: "Enabled" | "Suspended") =>
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    expect(await status()).toBeUndefined();
    await put("k", "before", { Bucket });
    await setStatus("Enabled");
    expect(await status()).toBe("Enabled");
    await put("k", "during", { Bucket });
    expect(await textOf("k", { VersionId: "null" }, Bucket)).toBe("before");
    await setStatus("Suspended");
    const { VersionId } = await put("k", "after", { Bucket });
    expect(VersionId).toBe("null");
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toHaveLength(2);
    expect(await textOf("k", {}, Bucket)).toBe("after");
  });

  it("are in the response to a completion", async () => {
    const Key = "multipart";
    const UploadId = await createUpload(Key, versioned);
    const part = new UploadPartCommand({ Bucket: versioned, Key, UploadId, PartNumber: 1, Body: "x" });
    const { ETag, ChecksumCRC32 } = await s3.send(part);
    const result = await complete(Key, UploadId, [{ PartNumber: 1, ETag, ChecksumCRC32 }], {
      Bucket: versioned,
    });
    expect(await textOf(Key, { VersionId: result.VersionId ?? "" }, versioned)).toBe("x");
  });
});

describe("copies", () => {
  const copy = (Key: string, CopySource: string, more: Partial<CopyObjectCommandInput> = {}) =>
    s3.send(new CopyObjectCommand({ Bucket: versioned, Key, CopySource, ...more }));

  it("take one version of an object in another bucket, with its metadata, and own their bytes", async () => {
    const target = { Bucket: versioned, Metadata: { "run-id": "1" }, ContentType: "text/csv" };
    const first = await put("from/ü 1?.dat", "first", target);
    await put("from/ü 1?.dat", "second", target);
    const source = `${versioned}/${encodeURIComponent("from/ü 1?.dat")}?versionId=${first.VersionId ?? ""}`;
    const copied = await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: "to", CopySource: source }));
    expect(copied.CopySourceVersionId).toBe(first.VersionId);
    expect(copied.CopyObjectResult?.ETag).toBe(first.ETag);
    await s3.send(new DeleteObjectCommand({ ...target, Key: "from/ü 1?.dat", VersionId: first.VersionId }));
    const { Body, ...head } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "to" }));
    expect(await Body?.transformToString()).toBe("first");
    expect(head).toMatchObject({ Metadata: { "run-id": "1" }, ContentType: "text/csv" });
  });

  it("replace the metadata when told to", async () => {
    await put("described", "x", { Metadata: { old: "1" } });
    await copy("described-anew", `${bucket}/described`, {
      MetadataDirective: "REPLACE",
      Metadata: { new: "2" },
    });
    const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket: versioned, Key: "described-anew" }));
    expect(Metadata).toEqual({ new: "2" });
  });

  it("of a multipart object have the MD5 of the whole as their ETag", async () => {
    const UploadId = await createUpload("parts");
    const parts = [await uploadPart("parts", UploadId, 1, "x")];
    const { ETag } = await complete("parts", UploadId, parts);
    const { CopyObjectResult } = await copy("whole", `${bucket}/parts`);
    expect(ETag).toMatch(/-1"$/);
    expect(CopyObjectResult?.ETag).toBe(`"${md5("x").digest("hex")}"`);
  });

  it("are made on the conditions of their source and their target", async () => {
    const { ETag } = await put("condition", "1");
    await copy("conditional", `${bucket}/condition`, { IfNoneMatch: "*", CopySourceIfMatch: ETag });
    const again = copy("conditional", `${bucket}/condition`, { IfNoneMatch: "*" });
    await expectRefused(again, 412, "PreconditionFailed");
    await put("condition", "2");
    const changed = copy("other", `${bucket}/condition`, { CopySourceIfMatch: ETag });
    await expectRefused(changed, 412, "PreconditionFailed");
    await expectRefused(textOf("other", {}, versioned), 404, "NoSuchKey");
  });

  it("need a source that exists and is no delete marker", async () => {
    await expectRefused(copy("x", `${bucket}/none`), 404, "NoSuchKey");
    await expectRefused(copy("x", "no-such-bucket/none"), 404, "NoSuchBucket");
    await put("gone", "x", { Bucket: versioned });
    await expectRefused(copy("x", `${versioned}/gone?versionId=none`), 404, "NoSuchVersion");
    const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket: versioned, Key: "gone" }));
    await expectRefused(copy("x", `${versioned}/gone`), 404, "NoSuchKey");
    const marker = copy("x", `${versioned}/gone?versionId=${VersionId ?? ""}`);
    await expectRefused(marker, 400, "InvalidRequest");
  });
});

describe("events", () => {
  it("report every object that is created, with its version, as EventBridge does", async () => {
    const before = aws.events.length;
    const { VersionId, ETag } = await put("landing/a b.dat", "12345", { Bucket: versioned });
    await s3.send(
      new CopyObjectCommand({ Bucket: bucket, Key: "copied", CopySource: `${versioned}/landing/a%20b.dat` }),
    );
    const UploadId = await createUpload("assembled");
    await complete("assembled", UploadId, [await uploadPart("assembled", UploadId, 1, "x")]);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "copied" }));

    const events = aws.events.slice(before);
    expect(events.map(({ detail }) => [detail.reason, detail.bucket.name, detail.object.key])).toEqual([
      ["PutObject", versioned, "landing/a b.dat"],
      ["CopyObject", bucket, "copied"],
      ["CompleteMultipartUpload", bucket, "assembled"],
    ]);
    expect(events[0]).toMatchObject({
      ...{ "detail-type": "Object Created", source: "aws.s3" },
      detail: { object: { size: 5, etag: (ETag ?? "").replaceAll('"', ""), "version-id": VersionId } },
    });
    expect(events[1]?.detail.object).not.toHaveProperty("version-id");
    const sequencers = events.map(({ detail }) => detail.object.sequencer);
    expect([...sequencers].sort()).toEqual(sequencers);
  });
});

describe("access", () => {
  it("is refused with a wrong secret, before a large body is sent", async () => {
    const stranger = client({ secretAccessKey: "wrong" });
    const write = (Body: string | Buffer) =>
      stranger.send(new PutObjectCommand({ Bucket: bucket, Key: "stranger", Body }));
    await expectRefused(write("x"), 403, "SignatureDoesNotMatch");
    await expectRefused(write(Buffer.alloc(3 * mebibyte)), 403, "SignatureDoesNotMatch");
    await expectRefused(textOf("stranger"), 404, "NoSuchKey");
  });

  it("is refused with an unknown key, another region, or no signature", async () => {
    const list = new ListObjectsV2Command({ Bucket: bucket });
    await expectRefused(client({ accessKeyId: "UNKNOWN" }).send(list), 403, "InvalidAccessKeyId");
    await expectRefused(client({ region: "eu-west-1" }).send(list), 400, "AuthorizationHeaderMalformed");
    const response = await fetch(`${aws.endpoint}/${bucket}?list-type=2`);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("<Code>AccessDenied</Code>");
  });

  it("is refused before the body is sent, if the client waits for 100-continue", async () => {
    const waiting = request(`${aws.endpoint}/${bucket}/waiting`, {
      method: "PUT",
      headers: { expect: "100-continue", "content-length": 8 },
    });
    waiting.flushHeaders();
    const [answer] = (await once(waiting, "response")) as [IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([403, "close"]);
    waiting.destroy();
  });

  it("is refused if headers were added after signing", async () => {
    const changed = client();
    changed.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["x-amz-meta-added"] = "later";
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const write = new PutObjectCommand({ Bucket: bucket, Key: "signed", Body: "x" });
    await expectRefused(changed.send(write), 403, "AccessDenied");
  });

  it("is refused to a path that isn't percent-encoded text", async () => {
    const response = await fetch(`${aws.endpoint}/${bucket}/%zz`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("<Code>InvalidURI</Code>");
  });

  it("is refused if the request was changed after signing", async () => {
    const changed = client();
    changed.middlewareStack.add(
      (next) => (args) => {
        (args.request as { path: string }).path = `/${bucket}/changed`;
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const write = new PutObjectCommand({ Bucket: bucket, Key: "signed", Body: "x" });
    await expectRefused(changed.send(write), 403, "SignatureDoesNotMatch");
  });

  it("is refused if the body was changed after signing", async () => {
    const changed = client();
    changed.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: unknown }).body = "y";
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const write = new PutObjectCommand({ Bucket: bucket, Key: "signed", Body: "x" });
    await expectRefused(changed.send(write), 400, "XAmzContentSHA256Mismatch");
  });

  it("is refused to requests signed too long ago", async () => {
    const late = new S3Client({
      ...aws.clientConfig,
      forcePathStyle: true,
      maxAttempts: 1,
      systemClockOffset: -16 * 60 * 1000,
    });
    await expectRefused(late.send(new ListObjectsV2Command({ Bucket: bucket })), 403, "RequestTimeTooSkewed");
  });
});

describe("an unsupported request", () => {
  it("is refused with the name of what is not supported", async () => {
    await put("tagged", "x");
    const get = s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: "tagged" }));
    await expectRefused(get, 501, "NotImplemented");
    await expect(get).rejects.toThrow("GET object tagging");
    await expect(put("tagged", "x", { Tagging: "a=1" })).rejects.toThrow("x-amz-tagging");
    await expect(
      s3.send(new GetObjectCommand({ Bucket: bucket, Key: "tagged", IfNoneMatch: "*" })),
    ).rejects.toThrow("if-none-match");
    await expect(put("tagged", "x", { ChecksumAlgorithm: "CRC32C" })).rejects.toThrow("crc32c");
  });
});

/** A body that sends its second half only on demand. */
function stalled(first: string, second: string) {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const source = async function* () {
    yield Buffer.from(first);
    await released;
    yield Buffer.from(second);
  };
  return { Body: Readable.from(source()), release };
}

async function underWay(key: string): Promise<void> {
  const isUnderWay = () => aws.requests.some((one) => one.key === key && one.status === undefined);
  while (!isUnderWay()) await new Promise((resolve) => setTimeout(resolve, 5));
}
