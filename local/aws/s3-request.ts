// A request to the local S3 as its operations get it, with path and query parsed.
import { type Call } from "./exchange";
import { type Bucket } from "./s3-state";
import { type S3Store } from "./s3-store";

export interface S3Request {
  readonly store: S3Store;
  readonly call: Call;
  readonly bucketName: string;
  /** Looked up on access. @throws AwsError NoSuchBucket */
  readonly bucket: Bucket;
  /** Empty if the request is for the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}
