/**
 * S3 and Secrets Manager in a process of their own, so that their work is not counted as the handler's. On each message
 * from the parent, it replaces them with empty ones and sends back their {@link Endpoint}.
 */
import { type ClientConfig, type LocalAws, startLocalAws } from "../local/aws/server";
import { settings } from "../local/stack";

export interface S3Request {
  readonly bucket: string;
  readonly secretId: string;
  readonly secret: Readonly<Record<string, string | number>>;
  /** How long S3 waits before it carries out a request. */
  readonly latencyMs: number;
}

/** How to reach the services, until the next request replaces them. */
export interface Endpoint {
  /** The environment variables for a process that uses them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clientConfig: ClientConfig;
}

let present: LocalAws | undefined;

async function replace({ bucket, secretId, secret, latencyMs }: S3Request): Promise<void> {
  await present?.close();
  const aws = await startLocalAws();
  present = aws;
  aws.createBucket(bucket, { versioning: true });
  aws.putSecret(secretId, secret);
  if (latencyMs > 0) {
    aws.onRequest(({ service }) => (service === "s3" ? { delayMs: latencyMs } : undefined));
  }
  const environment = { ...aws.environment, ...settings(bucket, secretId) };
  process.send?.({ environment, clientConfig: aws.clientConfig } satisfies Endpoint);
}

// Ctrl-C reaches this process too. It ignores signals and ends when its parent disconnects.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("message", (request: S3Request) => void replace(request));
process.on("disconnect", () => void present?.close());
