// Reads the body of a request as a stream and checks it against everything that the request states: length, signed
// hash, Content-MD5 and checksum (header or trailer). Source: Amazon S3 User Guide, "Checking object
// integrity", and Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring
// Payload in Multiple Chunks".
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Call } from "./exchange";
import { s3Error } from "./s3-errors";

/** CRC32C and CRC64NVME are left out: Node.js has no function for them, and the program doesn't use them. */
export type ChecksumAlgorithm = "CRC32" | "SHA1" | "SHA256";
export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ["CRC32", "SHA1", "SHA256"];

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; for a multipart object followed by "-" and the number of parts. */
  readonly value: string;
}

/** A body that was received, and that matches all claims of its request. */
export interface Received {
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  /** The checksum that the client sent. Where it is missing, S3 would compute a CRC64NVME itself. */
  readonly checksum?: Checksum;
}

interface Digest {
  update(bytes: Buffer): unknown;
  digest(): Buffer;
}

/** @throws AwsError 501 for an algorithm that S3 supports but this stand-in doesn't. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((known) => known === name.toUpperCase());
  if (algorithm === undefined) throw s3Error("NotImplemented", `checksum algorithm ${name}`);
  return algorithm;
}

/** The checksum of checksums that S3 gives a multipart object (ChecksumType COMPOSITE). */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly Checksum[]): Checksum {
  const digest = digestOf(algorithm);
  for (const part of parts) digest.update(Buffer.from(part.value, "base64"));
  return { algorithm, value: `${digest.digest().toString("base64")}-${parts.length}` };
}

/**
 * Reads the body through `write`, which gets the decoded bytes and applies back-pressure.
 * @throws AwsError 400 if the body does not match the request; by then, `write` has received all of it.
 */
export async function receive(
  call: Call,
  write: (bytes: AsyncIterable<Buffer>) => Promise<void>,
): Promise<Received> {
  const claimed = claimedChecksum(call);
  const contentHash = call.headers["x-amz-content-sha256"]?.toString() ?? "";
  const signed = /^[0-9a-f]{64}$/.test(contentHash) ? createHash("sha256") : undefined;
  const md5 = createHash("md5");
  const digest = claimed && digestOf(claimed.algorithm);
  const trailers = new Map<string, string>();
  let size = 0;

  await write(
    (async function* () {
      for await (const bytes of decoded(call, contentHash, trailers)) {
        size += bytes.length;
        for (const each of [md5, signed, digest]) each?.update(bytes);
        yield bytes;
      }
    })(),
  );

  const expectedSize = call.headers["x-amz-decoded-content-length"] ?? call.headers["content-length"];
  if (expectedSize !== undefined && Number(expectedSize) !== size) throw s3Error("IncompleteBody");
  if (signed !== undefined && signed.digest("hex") !== contentHash) {
    throw s3Error("XAmzContentSHA256Mismatch");
  }
  const md5Digest = md5.digest();
  const contentMd5 = call.headers["content-md5"]?.toString();
  if (contentMd5 !== undefined && contentMd5 !== md5Digest.toString("base64")) throw s3Error("BadDigest");
  const received = { size, md5: md5Digest.toString("hex") };
  if (claimed === undefined || digest === undefined) return received;
  const claim = claimed.inTrailer ? trailers.get(claimed.field) : call.headers[claimed.field]?.toString();
  const value = digest.digest().toString("base64");
  // S3 answers differently to an impossible value and to a value that is only wrong.
  if (claim?.length !== value.length)
    throw s3Error("InvalidRequest", `Value for ${claimed.field} is invalid.`);
  if (claim !== value) throw s3Error("BadDigest", claimed.field);
  return { ...received, checksum: { algorithm: claimed.algorithm, value } };
}

/** Passes bytes that are no request's body through `write`, and describes them as if one had sent them. */
export async function describe(
  bytes: AsyncIterable<Buffer>,
  algorithm: ChecksumAlgorithm | undefined,
  write: (bytes: AsyncIterable<Buffer>) => Promise<void>,
): Promise<Received> {
  const md5 = createHash("md5");
  const digest = algorithm && digestOf(algorithm);
  let size = 0;
  await write(
    (async function* () {
      for await (const chunk of bytes) {
        size += chunk.length;
        for (const each of [md5, digest]) each?.update(chunk);
        yield chunk;
      }
    })(),
  );
  const received = { size, md5: md5.digest("hex") };
  if (algorithm === undefined || digest === undefined) return received;
  return { ...received, checksum: { algorithm, value: digest.digest().toString("base64") } };
}

/** Reads a whole body of a kind that is always small (XML, JSON, a form). */
export async function receiveText(call: Call, maximumBytes = 4 * 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  await receive(call, async (bytes) => {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maximumBytes) throw s3Error("MaxMessageLengthExceeded");
      chunks.push(chunk);
    }
  });
  return Buffer.concat(chunks).toString("utf8");
}

function claimedChecksum(
  call: Call,
): { algorithm: ChecksumAlgorithm; field: string; inTrailer: boolean } | undefined {
  const trailer = call.headers["x-amz-trailer"]?.toString();
  const fields = Object.keys(call.headers)
    .concat(trailer ?? [])
    .filter((name) => /^x-amz-checksum-(?!algorithm$|mode$|type$)/.test(name));
  const field = fields[0];
  if (field === undefined) return undefined;
  if (fields.length > 1) throw s3Error("InvalidRequest", "Expecting a single x-amz-checksum- header.");
  const algorithm = checksumAlgorithm(field.slice("x-amz-checksum-".length));
  return { algorithm, field, inTrailer: field === trailer };
}

function digestOf(algorithm: ChecksumAlgorithm): Digest {
  if (algorithm !== "CRC32") return createHash(algorithm);
  let crc = 0;
  return {
    update: (bytes) => (crc = crc32(bytes, crc)),
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes;
    },
  };
}

function decoded(call: Call, contentHash: string, trailers: Map<string, string>): AsyncIterable<Buffer> {
  if (contentHash === "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return awsChunked(call.body(), trailers);
  if (contentHash.startsWith("STREAMING-")) throw s3Error("NotImplemented", contentHash);
  return call.body();
}

/** Decodes an aws-chunked body: hex length, CRLF, bytes, CRLF, ..., trailers. */
async function* awsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]();
  let buffer: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const next = await chunks.next();
    if (next.done === true) throw s3Error("IncompleteBody");
    buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value]);
  };
  const line = async (): Promise<string> => {
    let end = buffer.indexOf("\r\n");
    for (; end < 0; end = buffer.indexOf("\r\n")) await more();
    const text = buffer.toString("latin1", 0, end);
    buffer = buffer.subarray(end + 2);
    return text;
  };

  for (let left = chunkLength(await line()); left > 0; left = chunkLength(await line())) {
    while (left > 0) {
      if (buffer.length === 0) await more();
      const bytes = buffer.subarray(0, left);
      buffer = buffer.subarray(bytes.length);
      left -= bytes.length;
      yield bytes;
    }
    if ((await line()) !== "") throw s3Error("InvalidRequest", "An aws-chunked chunk is too long.");
  }
  for (let trailer = await line(); trailer !== ""; trailer = await line()) {
    const colon = trailer.indexOf(":");
    trailers.set(trailer.slice(0, colon).toLowerCase(), trailer.slice(colon + 1).trim());
  }
  while ((await chunks.next()).done !== true);
}

function chunkLength(line: string): number {
  if (!/^[0-9a-f]+$/i.test(line)) throw s3Error("InvalidRequest", "Not an aws-chunked body.");
  return parseInt(line, 16);
}
