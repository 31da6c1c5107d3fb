// Checks the Signature Version 4 of a request, from its headers alone: payload.ts checks the body against the signed
// hash (x-amz-content-sha256). Only S3 needs that header; without it, the signature is over the hash of the body. Source: AWS IAM User Guide, "Create a signed
// AWS API request".
import { createHash, createHmac } from "node:crypto";
import { type Call } from "./exchange";
import { s3Error } from "./s3-errors";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const maximumSkewMilliseconds = 15 * 60 * 1000;
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** RFC 3986 encoding, which AWS uses in paths, queries and listings. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Whether a signature can be checked only with the body: most clients send its hash to S3 alone. */
export function needsBody({ headers }: Call): boolean {
  return headers.authorization !== undefined && headers["x-amz-content-sha256"] === undefined;
}

/**
 * @param body of a request that {@link needsBody}.
 * @throws AwsError 403; 400 for an Authorization header of another region or service.
 */
export function verifySignature(
  call: Call,
  credentials: Credentials,
  region: string,
  service: string,
  body?: Buffer,
): void {
  const authorization = call.headers.authorization;
  if (authorization === undefined) throw s3Error("AccessDenied");
  const [, accessKeyId, date, itsRegion, itsService, names, signature] =
    authorizationForm.exec(authorization) ?? [];
  const time = header(call, "x-amz-date");
  if (names === undefined || itsRegion !== region || itsService !== service || date !== time.slice(0, 8)) {
    throw s3Error("AuthorizationHeaderMalformed", `Expecting a credential for ${region}/${service}.`);
  }
  if (accessKeyId !== credentials.accessKeyId) throw s3Error("InvalidAccessKeyId");
  const signedHeaders = names.split(";");
  const mustBeSigned = ["host", ...Object.keys(call.headers).filter((name) => name.startsWith("x-amz-"))];
  if (!mustBeSigned.every((name) => signedHeaders.includes(name))) {
    throw s3Error("AccessDenied", "There were headers present in the request which were not signed.");
  }
  if (!(Math.abs(Date.now() - instantOf(time)) <= maximumSkewMilliseconds)) {
    throw s3Error("RequestTimeTooSkewed");
  }
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonicalRequest(call, signedHeaders, body))}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  if (hmac(key, toSign).toString("hex") !== signature) throw s3Error("SignatureDoesNotMatch");
}

function canonicalRequest(call: Call, signedHeaders: readonly string[], body?: Buffer): string {
  return [
    call.method,
    call.path
      .split("/")
      .map((segment) => uriEncode(decodeURIComponent(segment)))
      .join("/"),
    call.search
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [name = "", value = ""] = pair.split("=").map((part) => uriEncode(decodeURIComponent(part)));
        return `${name}=${value}`;
      })
      .sort()
      .join("&"),
    ...signedHeaders.map((name) => `${name}:${header(call, name).trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders.join(";"),
    body === undefined ? header(call, "x-amz-content-sha256") : sha256(body),
  ].join("\n");
}

function header(call: Call, name: string): string {
  return call.headers[name]?.toString() ?? "";
}

/** "20260930T235959Z" as milliseconds since 1970; NaN if the text has another form. */
function instantOf(time: string): number {
  return Date.parse(time.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
}
