/** S3 and Secrets Manager for the benchmark, in a process of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

import type { Endpoint, S3Request } from "./s3-process";

export const BUCKET = "loan-extracts";
const SECRET_ID = "bench/ods";

export class BenchS3 {
  readonly #process: ChildProcess;

  /**
   * @param secret the login for the database.
   * @param signal stops waiting for the process.
   */
  constructor(
    private readonly secret: S3Request["secret"],
    private readonly signal: AbortSignal,
  ) {
    this.#process = fork(path.join(__dirname, "s3-process.ts"), { execArgv: ["--import", "tsx"] });
  }

  /** Replaces S3 with an empty one. */
  async empty(latencyMs = 0): Promise<Endpoint> {
    const answered = once(this.#process, "message", { signal: this.signal });
    const request = { bucket: BUCKET, secretId: SECRET_ID, secret: this.secret, latencyMs };
    this.#process.send(request satisfies S3Request);
    const [endpoint] = (await answered) as [Endpoint];
    return endpoint;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.disconnect();
    await exited;
  }
}

/** Reads objects one after another. */
export async function* readObjects(
  { clientConfig }: Endpoint,
  keys: readonly string[],
): AsyncGenerator<AsyncIterable<Buffer>> {
  const s3 = new S3Client({ ...clientConfig, forcePathStyle: true });
  try {
    for (const key of keys) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      yield Body as unknown as AsyncIterable<Buffer>;
    }
  } finally {
    s3.destroy();
  }
}
