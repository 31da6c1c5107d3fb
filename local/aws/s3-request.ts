// A request to the local S3 as its operations see it: what it is about is already read from path and query.
import { type Call } from "./exchange";
import { type Bucket } from "./s3-state";
import { type S3Store } from "./s3-store";

export interface S3Request {
  readonly store: S3Store;
  readonly call: Call;
  readonly bucketName: string;
  /** Looked up when it is asked for. @throws AwsError NoSuchBucket */
  readonly bucket: Bucket;
  /** Empty when the request is about the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}
