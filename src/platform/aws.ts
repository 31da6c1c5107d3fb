/** Clients of AWS, made at the edges and handed down, so that nothing below reads the process's environment. */
import type { S3Client } from "@aws-sdk/client-s3";
import type { SecretsManagerClient, SecretsManagerClientConfig } from "@aws-sdk/client-secrets-manager";
import type { SNSClient } from "@aws-sdk/client-sns";

import { ConfigError } from "./errors";

export interface AwsClients {
  s3(options: { readonly forcePathStyle: boolean }): Promise<S3Client>;
  secretsManager(): Promise<SecretsManagerClient>;
  sns(): Promise<SNSClient>;
  /** For a client that one pipeline alone needs, and that the bundles of the others should not have. */
  readonly config: SharedClientConfig;
}

/** What all clients share; what is left out, the SDK takes from the environment and its configuration files. */
export type SharedClientConfig = Pick<
  SecretsManagerClientConfig,
  "endpoint" | "region" | "credentials" | "userAgentAppId"
>;

/** Time limits of S3's client. */
export interface RequestLimits {
  /** For a connection to open, of which waiting for a free socket is a part to the SDK. */
  readonly connectTimeoutMs: number;
  /** For one attempt of a request, of which the SDK makes three: a part of 8 MiB takes about a second. */
  readonly requestTimeoutMs: number;
  /**
   * For a connection on which nothing moves. Only this limit ends a body that stalls: the request's limit ends with the
   * headers. It is not shorter than that limit, because nothing moves either while S3 completes a large upload.
   */
  readonly idleTimeoutMs: number;
}

const requestLimits: RequestLimits = {
  connectTimeoutMs: 5000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
};

/** Each module is loaded when its client is first needed: S3's is the largest in the bundle. */
export function awsClients(shared: SharedClientConfig = {}, limits: Partial<RequestLimits> = {}): AwsClients {
  const { connectTimeoutMs, requestTimeoutMs, idleTimeoutMs } = { ...requestLimits, ...limits };
  return {
    config: shared,
    s3: async ({ forcePathStyle }) => {
      const { S3Client } = await import("@aws-sdk/client-s3");
      return new S3Client({
        ...shared,
        forcePathStyle,
        requestHandler: {
          connectionTimeout: connectTimeoutMs,
          requestTimeout: requestTimeoutMs,
          socketTimeout: idleTimeoutMs,
          throwOnRequestTimeout: true,
        },
      });
    },
    secretsManager: async () => {
      const { SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
      return new SecretsManagerClient(shared);
    },
    sns: async () => {
      const { SNSClient } = await import("@aws-sdk/client-sns");
      return new SNSClient(shared);
    },
  };
}

/** Whether requests fail because of the SDK's settings: no credentials, expired or wrong ones, or no region. */
export function isMisconfigured(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "CredentialsProviderError" ||
      isExpired(error) ||
      isRefused(error) ||
      /^Region (is missing|not accepted)/.test(error.message))
  );
}

export function misconfigured(cause: unknown): ConfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (isExpired(cause)) {
    return new ConfigError(`the credentials for AWS have expired: ${why}`, {
      hint: "Sign in again, or set new credentials.",
      cause,
    });
  }
  if (isRefused(cause)) {
    return new ConfigError(`AWS does not accept the credentials: ${why}`, {
      hint: "Check the access key and its secret (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and this machine's clock.",
      cause,
    });
  }
  return new ConfigError(`the AWS SDK can't send requests: ${why}`, {
    hint: "Set AWS_REGION, and credentials as every program on the AWS SDK reads them, such as AWS_PROFILE with a profile of ~/.aws; aws sts get-caller-identity tests them.",
    cause,
  });
}

/** The hint for a service that did not answer; another one if its address is on this machine, where nothing listens. */
export function unreachableHint(cause: unknown, hint: string): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (/ECONNREFUSED (127\.0\.0\.1|::1)\b/.test(why))
    return "Nothing listens at this address. If it was a local stack, start one (npx bank-batch local up) and load its settings; otherwise unset the variables AWS_ENDPOINT_URL….";
  return hint;
}

/** `ExpiredToken` is S3's and SNS's, `ExpiredTokenException` that of Secrets Manager. */
function isExpired(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith("ExpiredToken");
}

/** A key that AWS doesn't know, or a signature by another secret. Each service has its own name for either. */
const REFUSED = [
  ...["InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"],
  ...["SignatureDoesNotMatch", "InvalidSignatureException"],
];

function isRefused(error: unknown): boolean {
  return error instanceof Error && REFUSED.includes(error.name);
}
