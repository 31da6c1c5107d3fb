// The local S3's operations on buckets.
import { type Reply, xmlReply } from "./exchange";
import { receiveText } from "./payload";
import { s3Error } from "./s3-errors";
import { type S3Request } from "./s3-request";
import { parseXml, textOf } from "./s3-xml";

export async function createBucket({ store, call, bucketName }: S3Request): Promise<Reply> {
  await receiveText(call);
  store.createBucket(bucketName);
  return { status: 200, headers: { location: `/${bucketName}` } };
}

export function headBucket({ store, bucketName }: S3Request): Reply {
  store.bucket(bucketName);
  return { status: 200 };
}

export async function putBucketVersioning({ call, bucket }: S3Request): Promise<Reply> {
  const status = textOf(parseXml(await receiveText(call), "VersioningConfiguration")["Status"]);
  if (status !== "Enabled" && status !== "Suspended") throw s3Error("MalformedXML");
  bucket.versioning = status;
  return { status: 200 };
}

export function getBucketVersioning({ bucket }: S3Request): Reply {
  return xmlReply("VersioningConfiguration", { Status: bucket.versioning });
}
