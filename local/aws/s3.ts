// The local S3: maps the requests of the REST API, path style, to operations.
//
// It serves what the program, its tests and its demo use. Left out, because nothing here uses them: tagging, copying
// parts, DeleteObjects, conditional reads, ACLs, and the configuration of notification, lifecycle, encryption and policy.
// Operations, parameters and x-amz-* headers that it doesn't serve are refused with 501 NotImplemented, never
// carried out in part. Source of the behaviour, unless stated otherwise: Amazon S3 API Reference.
import { type AwsError, xmlReply, type Call, type Operation, type Reply, type Service } from "./exchange";
import { copyHeaders, copyObject } from "./s3-copy";
import { createBucket, getBucketVersioning, headBucket, putBucketVersioning } from "./s3-buckets";
import { s3Error } from "./s3-errors";
import { encryptionHeaders } from "./s3-headers";
import { listMultipartUploads, listObjectsV2, listObjectVersions, listParts } from "./s3-listings";
import { deleteObject, getObject, putObject } from "./s3-objects";
import { type S3Request } from "./s3-request";
import { type S3Store } from "./s3-store";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from "./s3-uploads";

const understoodHeaders =
  /^x-amz-(date|content-sha256|user-agent|meta-.+|trailer|decoded-content-length|(sdk-)?checksum-.+|mp-object-size)$/;
const conditionalReads = ["if-modified-since", "if-unmodified-since", "if-range"];

interface Route {
  /** The AWS API name. */
  readonly name: string;
  /** Method, target, the query parameters that identify this operation, and `copy-source` if it has that header. */
  readonly request: string;
  /** Further query parameters that it accepts. */
  readonly optional?: readonly string[];
  readonly conditional?: boolean;
  /** Further x-amz-* headers that it understands. */
  readonly headers?: RegExp;
  readonly serve: (request: S3Request) => Reply | Promise<Reply>;
}

const versionId = ["versionId"];
const ofListing = ["prefix", "max-keys", "encoding-type"];
const ofVersions = [...ofListing, "key-marker", "version-id-marker"];
const ofObjects = [...ofListing, "delimiter", "start-after", "continuation-token"];
const ofUploads = ["prefix", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"];
const ofParts = ["max-parts", "part-number-marker"];

// prettier-ignore
const routes: readonly Route[] = [
  { name: "CreateBucket", request: "PUT bucket", serve: createBucket },
  { name: "HeadBucket", request: "HEAD bucket", serve: headBucket },
  { name: "PutBucketVersioning", request: "PUT bucket versioning", serve: putBucketVersioning },
  { name: "GetBucketVersioning", request: "GET bucket versioning", serve: getBucketVersioning },
  { name: "ListObjectsV2", request: "GET bucket list-type", optional: ofObjects, serve: listObjectsV2 },
  { name: "ListObjectVersions", request: "GET bucket versions", optional: ofVersions, serve: listObjectVersions },
  { name: "ListMultipartUploads", request: "GET bucket uploads", optional: ofUploads, serve: listMultipartUploads },
  { name: "PutObject", request: "PUT object", conditional: true, serve: putObject },
  { name: "CopyObject", request: "PUT object copy-source", conditional: true, headers: copyHeaders, serve: copyObject },
  { name: "GetObject", request: "GET object", optional: versionId, serve: getObject },
  { name: "HeadObject", request: "HEAD object", optional: versionId, serve: getObject },
  { name: "DeleteObject", request: "DELETE object", optional: versionId, conditional: true, serve: deleteObject },
  { name: "CreateMultipartUpload", request: "POST object uploads", serve: createMultipartUpload },
  { name: "UploadPart", request: "PUT object uploadId partNumber", serve: uploadPart },
  { name: "CompleteMultipartUpload", request: "POST object uploadId", conditional: true, serve: completeMultipartUpload },
  { name: "AbortMultipartUpload", request: "DELETE object uploadId", serve: abortMultipartUpload },
  { name: "ListParts", request: "GET object uploadId", optional: ofParts, serve: listParts },
];

export function s3Service(store: S3Store): Service {
  return { name: "s3", recognise: (call) => recognise(store, call), refuse };
}

function recognise(store: S3Store, call: Call): Operation {
  const [, bucketName = "", rawKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(call.path) ?? [];
  const key = decodeURIComponent(rawKey);
  const query = new URLSearchParams(call.search);
  // The SDK adds x-id to some requests, for logs. It names the operation, but S3 ignores it.
  query.delete("x-id");
  const copies = "x-amz-copy-source" in call.headers ? ["copy-source"] : [];
  const given = [call.method, key === "" ? "bucket" : "object", ...copies, ...query.keys()];
  const route = routes.find(({ request, optional = [] }) => {
    const wanted = request.split(" ");
    const all = [...wanted, ...optional];
    return wanted.every((word) => given.includes(word)) && given.every((word) => all.includes(word));
  });
  const name = route?.name ?? given.join(" ");
  const uploadId = query.get("uploadId");
  const partNumber = query.get("partNumber");
  const request = {
    store,
    call,
    bucketName,
    get bucket() {
      return store.bucket(bucketName);
    },
    key,
    query,
  };
  return {
    name,
    bucket: bucketName,
    ...(key !== "" && { key }),
    ...(uploadId !== null && { uploadId }),
    ...(partNumber !== null && { partNumber: Number(partNumber) }),
    carryOut: () => {
      if (route === undefined) throw s3Error("NotImplemented", name);
      refuseUnknownHeaders(call, route);
      return route.serve(request);
    },
  };
}

function refuse(error: AwsError): Reply {
  const content = { Code: error.code, Message: error.message };
  return { ...xmlReply("Error", content, error.headers), status: error.status };
}

/** An error with status 200. AWS documents that CompleteMultipartUpload may return one. */
export function lateError(code: string, message: string): Reply {
  return xmlReply("Error", { Code: code, Message: message });
}

function refuseUnknownHeaders(call: Call, { conditional = false, headers = /^$/ }: Partial<Route>): void {
  const understood = [understoodHeaders, encryptionHeaders, headers];
  const unknown = Object.keys(call.headers).find(
    (name) =>
      (name.startsWith("x-amz-") && !understood.some((pattern) => pattern.test(name))) ||
      conditionalReads.includes(name) ||
      (!conditional && (name === "if-match" || name === "if-none-match")),
  );
  if (unknown !== undefined) throw s3Error("NotImplemented", unknown);
}
