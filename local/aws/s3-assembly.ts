// Assembles the parts of an upload into an object.
import { createHash } from "node:crypto";
import { type Checksum, type ChecksumAlgorithm, compositeChecksum } from "./payload";
import { s3Error } from "./s3-errors";
import { type MultipartUpload, unquoted, type UploadedPart } from "./s3-state";

const minimumPartSize = 5 * 1024 * 1024;

/** A part as listed in a CompleteMultipartUpload request. */
export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
}

/** The claims of a CompleteMultipartUpload request about the object, where it makes any. */
export interface Claims {
  readonly size: number | undefined;
  readonly checksum: string | undefined;
}

export interface Assembly {
  readonly parts: readonly UploadedPart[];
  readonly size: number;
  /** Without the quotation marks. */
  readonly etag: string;
  readonly checksum: Checksum | undefined;
}

/** @throws AwsError if the listed parts don't match the stored ones, or the object doesn't match the claims. */
export function assemble(upload: MultipartUpload, listed: readonly ListedPart[], claims: Claims): Assembly {
  const parts = partsOf(upload, listed);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const { algorithm } = upload;
  const partChecksums = parts.flatMap((part) => part.checksum ?? []);
  const checksum = algorithm && compositeChecksum(algorithm, partChecksums);
  if (claims.size !== undefined && claims.size !== size) {
    throw s3Error("InvalidRequest", "x-amz-mp-object-size does not match the parts.");
  }
  if (claims.checksum !== undefined && claims.checksum !== checksum?.value) throw s3Error("BadDigest");
  return { parts, size, etag: `${compositeMd5(parts)}-${parts.length}`, checksum };
}

/** The stored parts that a completion lists. @throws AwsError unless they match, are in order and large enough. */
function partsOf(upload: MultipartUpload, listed: readonly ListedPart[]): UploadedPart[] {
  if (listed.length === 0) throw s3Error("MalformedXML");
  if (listed.some((part, index) => part.number <= (listed[index - 1]?.number ?? 0))) {
    throw s3Error("InvalidPartOrder");
  }
  const { algorithm } = upload;
  const parts = listed.map((claim) => {
    const part = upload.parts.get(claim.number);
    const { checksum } = part ?? {};
    const claimedChecksum = checksum && claim.checksums[checksum.algorithm];
    if (
      part?.md5 !== unquoted(claim.etag) ||
      (claimedChecksum !== undefined && claimedChecksum !== checksum?.value)
    ) {
      throw s3Error("InvalidPart");
    }
    if (algorithm !== undefined && claimedChecksum === undefined) {
      throw s3Error("InvalidRequest", `The ${algorithm} checksum is missing for part ${claim.number}.`);
    }
    return part;
  });
  if (parts.slice(0, -1).some((part) => part.size < minimumPartSize)) throw s3Error("EntityTooSmall");
  return parts;
}

/** The ETag of a multipart object is the MD5 of its parts' MD5s, followed by their number. */
function compositeMd5(parts: readonly UploadedPart[]): string {
  return createHash("md5")
    .update(parts.map((part) => part.md5).join(""), "hex")
    .digest("hex");
}
