// The error responses of the local S3, by code. Source: Amazon S3 API Reference, "Error Responses". Errors of
// signatures have the same codes in all three services.
import { AwsError } from "./exchange";

const errors = {
  AccessDenied: [403, "Access Denied"],
  AuthorizationHeaderMalformed: [400, "The authorization header is malformed."],
  BadDigest: [400, "The Content-MD5 or checksum you specified did not match what we received."],
  BucketAlreadyOwnedByYou: [409, "Your previous request to create the bucket succeeded."],
  ConditionalRequestConflict: [409, "A conflicting operation occurred during the conditional request."],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed size."],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size."],
  IncompleteBody: [400, "You did not provide the number of bytes specified by the headers."],
  InternalError: [500, "We encountered an internal error."],
  InvalidAccessKeyId: [403, "The AWS access key ID you provided does not exist in our records."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidPart: [400, "One or more of the specified parts could not be found, or did not match."],
  InvalidPartOrder: [400, "The list of parts was not in ascending order."],
  InvalidRange: [416, "The requested range is not satisfiable."],
  InvalidRequest: [400, "Invalid Request"],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  MalformedXML: [400, "The XML you provided was not well-formed or not what is expected."],
  MaxMessageLengthExceeded: [400, "Your request was too large."],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  NoSuchBucket: [404, "The specified bucket does not exist."],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchUpload: [404, "The specified multipart upload does not exist."],
  NoSuchVersion: [404, "The specified version does not exist."],
  NotImplemented: [501, "You asked for functionality that is not implemented:"],
  PreconditionFailed: [412, "At least one of the preconditions you specified did not hold."],
  RequestTimeTooSkewed: [403, "The request time differs too much from the server's time."],
  SignatureDoesNotMatch: [403, "The signature we calculated does not match the one you provided."],
  XAmzContentSHA256Mismatch: [400, "The x-amz-content-sha256 header does not match the body."],
} as const satisfies Record<string, readonly [status: number, message: string]>;

/** The error with this code; `detail` is appended to its message. */
export function s3Error(
  code: keyof typeof errors,
  detail?: string,
  headers?: Readonly<Record<string, string>>,
): AwsError {
  const [status, message] = errors[code];
  return new AwsError(status, code, detail === undefined ? message : `${message} ${detail}`, headers);
}
