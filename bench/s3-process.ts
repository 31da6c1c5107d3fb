/**
 * S3 and Secrets Manager in a process of their own, so that their work is not counted as the handler's. Each message
 * of the parent's replaces them by empty ones and is answered with the environment that leads there.
 */
import { type ClientConfig, type LocalAws, startLocalAws } from "../local/aws/server";
import { settings } from "../local/stack";

export interface S3Request {
  readonly bucket: string;
  readonly secretId: string;
  readonly secret: Readonly<Record<string, string | number>>;
  /** How long S3 waits before it carries a request out. */
  readonly latencyMs: number;
}

/** The way to the services. It ends when the next request replaces them. */
export interface Endpoint {
  /** For a process that should find them. */
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

// Ctrl-C reaches this process too; it ends when its parent has let go of it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("message", (request: S3Request) => void replace(request));
process.on("disconnect", () => void present?.close());
