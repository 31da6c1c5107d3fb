/**
 * A versioned bucket in memory for explorers, which serves the requests that the program makes. It is immutable: each
 * request returns the bucket after it. Its answers are those of the local endpoint (`local/aws/s3.ts`);
 * `tests/faults/extract/interleavings.test.ts` compares the two.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";

export type S3Command = Parameters<S3Client["send"]>[0];

/** The response to a request, as data: the SDK's output, with the body as text, or an error of S3. */
export type Answer =
  | { readonly output: Readonly<Record<string, unknown>>; readonly body?: string }
  | { readonly error: string; readonly status: number };

export interface StoredVersion {
  readonly versionId: string;
  readonly etag: string;
  readonly text: string;
  readonly metadata: Metadata;
}

interface StoredUpload {
  readonly key: string;
  readonly metadata: Metadata;
  readonly part?: { readonly etag: string; readonly crc32: string; readonly bytes: Uint8Array };
}

type Metadata = Readonly<Record<string, string>> | undefined;

interface Condition {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

interface Content {
  /** By key, the newest version first. */
  readonly objects: ReadonlyMap<string, readonly StoredVersion[]>;
  /** The open uploads by id, the oldest first. */
  readonly uploads: ReadonlyMap<string, StoredUpload>;
  /** By the upload's id. */
  readonly completed: ReadonlyMap<string, { readonly key: string; readonly version: StoredVersion }>;
}

interface Outcome {
  readonly bucket: MemoryBucket;
  readonly answer: Answer;
}

export class MemoryBucket {
  static empty(): MemoryBucket {
    return new MemoryBucket({ objects: new Map(), uploads: new Map(), completed: new Map() });
  }

  /** Equal for two buckets that can't be told apart. */
  readonly fingerprint: string;
  readonly #carriedOut = new WeakMap<S3Command, Readonly<Record<number, Outcome>>>();

  private constructor(private readonly content: Content) {
    const { objects, uploads, completed } = content;
    const versions = [...objects].map(([key, all]) => `${key}:${all.map(idOf).join()}`).sort();
    const open = [...uploads].map(([id, { key, part }]) => `${key}:${id}:${part?.etag ?? ""}`);
    this.fingerprint = [...versions, "|", ...open, "|", ...[...completed.keys()].sort()].join("\n");
  }

  /** The versions of a key, the newest first. */
  versions(key: string): readonly StoredVersion[] {
    return this.content.objects.get(key) ?? [];
  }

  get keys(): readonly string[] {
    return [...this.content.objects.keys()].sort();
  }

  /** The ids of the open uploads. */
  get openUploads(): readonly string[] {
    return [...this.content.uploads.keys()];
  }

  /** @param attempt the number of this try of the request, so that ids don't depend on other requests. */
  carryOut(command: S3Command, attempt: number): Outcome {
    const known = this.#carriedOut.get(command)?.[attempt];
    if (known !== undefined) return known;
    const outcome = this.#carryOut(command, attempt);
    this.#carriedOut.set(command, { ...this.#carriedOut.get(command), [attempt]: outcome });
    return outcome;
  }

  #carryOut(command: S3Command, attempt: number): Outcome {
    if (command instanceof HeadObjectCommand) return this.#read(command.input.Key, "NotFound", false);
    if (command instanceof GetObjectCommand) return this.#read(command.input.Key, "NoSuchKey", true);
    if (command instanceof ListMultipartUploadsCommand) return this.#list(command.input.Prefix);
    if (command instanceof CreateMultipartUploadCommand) return this.#create(command, attempt);
    if (command instanceof UploadPartCommand) return this.#putPart(command);
    if (command instanceof CompleteMultipartUploadCommand) return this.#complete(command);
    if (command instanceof AbortMultipartUploadCommand) return this.#abort(command);
    if (command instanceof PutObjectCommand) return this.#put(command);
    throw new Error(`the bucket in memory doesn't serve ${command.constructor.name}`);
  }

  #read(key = "", missing: string, withBody: boolean): Outcome {
    const [version] = this.versions(key);
    if (version === undefined) return this.#refuse(missing, 404);
    const { etag, versionId, metadata, text } = version;
    const output = { ETag: etag, VersionId: versionId, Metadata: metadata };
    return { bucket: this, answer: { output, ...(withBody && { body: text }) } };
  }

  #list(prefix = ""): Outcome {
    const open = [...this.content.uploads].filter(([, { key }]) => key.startsWith(prefix));
    const Uploads = open
      .map(([UploadId, { key }]) => ({ Key: key, UploadId }))
      .sort((one, other) => Number(one.Key > other.Key) - Number(one.Key < other.Key));
    return { bucket: this, answer: { output: { IsTruncated: false, Uploads } } };
  }

  #create({ input }: CreateMultipartUploadCommand, attempt: number): Outcome {
    const id = `${input.Metadata?.["run-id"] ?? ""}'s upload ${attempt} of ${input.Key ?? ""}`;
    if (this.content.uploads.has(id)) throw new Error(`${id} is open already`);
    const upload = { key: input.Key ?? "", metadata: input.Metadata };
    const uploads = new Map(this.content.uploads).set(id, upload);
    return { bucket: this.#with({ uploads }), answer: { output: { UploadId: id } } };
  }

  #putPart({ input }: UploadPartCommand): Outcome {
    const { UploadId: id = "", PartNumber: number } = input;
    const upload = this.#upload(id, input.Key);
    if (upload === undefined) return this.#refuse("NoSuchUpload", 404);
    if (number !== 1) throw new Error("the bucket in memory takes files of one part");
    const bytes = input.Body as Uint8Array;
    const part = { etag: `"${md5(bytes).toString("hex")}"`, crc32: crc32Of(bytes), bytes };
    const uploads = new Map(this.content.uploads).set(id, { ...upload, part });
    return {
      bucket: this.#with({ uploads }),
      answer: { output: { ETag: part.etag, ChecksumCRC32: part.crc32 } },
    };
  }

  /** A repetition returns the same version, unless its condition fails: see `local/aws/s3-store.ts`. */
  #complete({ input }: CompleteMultipartUploadCommand): Outcome {
    const { Key: key = "", UploadId: id = "" } = input;
    const before = this.content.completed.get(id);
    if (before?.key === key)
      return this.#conditionally(key, input, () => this.#written(this, before.version));
    const upload = this.#upload(id, key);
    if (upload === undefined) return this.#refuse("NoSuchUpload", 404);
    const { part, metadata } = upload;
    const [listed, ...more] = input.MultipartUpload?.Parts ?? [];
    if (part === undefined || listed?.ETag !== part.etag || more.length > 0)
      return this.#refuse("InvalidPart", 400);
    if (listed.ChecksumCRC32 !== part.crc32) return this.#refuse("InvalidRequest", 400);
    return this.#conditionally(key, input, () => {
      const etag = `"${md5(md5(part.bytes)).toString("hex")}-1"`;
      const version = this.#version(key, etag, Buffer.from(part.bytes).toString(), metadata);
      const uploads = new Map(this.content.uploads);
      uploads.delete(id);
      const completed = new Map(this.content.completed).set(id, { key, version });
      return this.#written(this.#with({ uploads, completed, ...this.#adding(key, version) }), version);
    });
  }

  #put({ input }: PutObjectCommand): Outcome {
    const { Key: key = "", Body: body, Metadata: metadata } = input;
    if (typeof body !== "string" && !(body instanceof Uint8Array))
      throw new Error("the bucket in memory takes objects that are text or bytes");
    const bytes = Buffer.from(body);
    return this.#conditionally(key, input, () => {
      const version = this.#version(key, `"${md5(bytes).toString("hex")}"`, bytes.toString(), metadata);
      return this.#written(this.#with(this.#adding(key, version)), version);
    });
  }

  #abort({ input }: AbortMultipartUploadCommand): Outcome {
    const { UploadId: id = "" } = input;
    if (this.#upload(id, input.Key) === undefined) return this.#refuse("NoSuchUpload", 404);
    const uploads = new Map(this.content.uploads);
    uploads.delete(id);
    return { bucket: this.#with({ uploads }), answer: { output: {} } };
  }

  /** Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes". */
  #conditionally(key: string, { IfMatch, IfNoneMatch }: Condition, write: () => Outcome): Outcome {
    const [current] = this.versions(key);
    if (IfMatch !== undefined && current === undefined) return this.#refuse("NoSuchKey", 404);
    const holds = (IfMatch ?? current?.etag) === current?.etag && !(IfNoneMatch === "*" && current);
    return holds ? write() : this.#refuse("PreconditionFailed", 412);
  }

  #upload(id: string, key: string | undefined): StoredUpload | undefined {
    const upload = this.content.uploads.get(id);
    return upload?.key === key ? upload : undefined;
  }

  /** A version's id depends on its run, not on the time: it is the same in whatever order runs write. */
  #version(key: string, etag: string, text: string, metadata: Metadata): StoredVersion {
    const runId = metadata?.["run-id"] ?? "";
    const ofRun = this.versions(key).filter((one) => one.metadata?.["run-id"] === runId);
    return { versionId: `${runId}.${ofRun.length + 1}`, etag, text, metadata };
  }

  #adding(key: string, version: StoredVersion): Pick<Content, "objects"> {
    return { objects: new Map(this.content.objects).set(key, [version, ...this.versions(key)]) };
  }

  #with(changed: Partial<Content>): MemoryBucket {
    return new MemoryBucket({ ...this.content, ...changed });
  }

  #written(bucket: MemoryBucket, { etag, versionId }: StoredVersion): Outcome {
    return { bucket, answer: { output: { ETag: etag, VersionId: versionId } } };
  }

  #refuse(error: string, status: number): Outcome {
    return { bucket: this, answer: { error, status } };
  }
}

function idOf({ versionId, etag }: StoredVersion): string {
  return `${versionId}${etag}`;
}

function md5(bytes: Uint8Array): Buffer {
  return createHash("md5").update(bytes).digest();
}

function crc32Of(bytes: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum.toString("base64");
}
