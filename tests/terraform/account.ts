/**
 * An AWS account on this machine: Moto 5.2.5 behind a proxy that does what Moto can't. Moto ignores the conditions in
 * bucket policies, so it rejects every request to a bucket whose policy denies something. The proxy stores the policies.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import { recordRequest } from "../aws-rules/recording";
import { startMoto } from "../moto/moto";
import { handedOn } from "../moto/moto-aws";

/** Operations that Moto does not support. The proxy answers them without doing anything. */
const UNKNOWN_TO_MOTO = ["AWSGlue.DeleteConnection", "AmazonAthena.DeleteNamedQuery"];

export interface Account {
  /** The settings for every client: Terraform, the SDK, boto3. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls an API through boto3, with the operation and arguments in boto3's notation. */
  call<Answer>(service: string, operation: string, callArguments?: object): Promise<Answer>;
  /** Runs a Python script in this folder and parses the JSON that it prints. */
  python<Result>(script: string, ...scriptArguments: readonly string[]): Promise<Result>;
  stop(): Promise<void>;
}

/** @throws DidNotRun if Moto is not available. */
export async function startAccount(region: string): Promise<Account> {
  const moto = await startMoto();
  const policies = new Map<string, string>();
  const server = createServer((request, response) => {
    handle(moto.endpoint, policies, request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "moto",
    AWS_SECRET_ACCESS_KEY: "moto",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const python = async <Result>(script: string, ...scriptArguments: readonly string[]): Promise<Result> => {
    const { stdout } = await promisify(execFile)(
      moto.python,
      [path.join(__dirname, script), ...scriptArguments],
      { env: { ...process.env, ...environment } },
    );
    return JSON.parse(stdout) as Result;
  };
  return {
    environment,
    python,
    call: (service, operation, callArguments = {}) =>
      python("call.py", service, operation, JSON.stringify(callArguments)),
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await moto.stop();
    },
  };
}

async function handle(
  moto: string,
  policies: Map<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (UNKNOWN_TO_MOTO.includes(request.headers["x-amz-target"]?.toString() ?? "")) {
    await recordRequest(request, await text(request));
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end("{}");
    return;
  }
  const { pathname, searchParams } = new URL(request.url ?? "", moto);
  if (!searchParams.has("policy")) {
    await handedOn(moto, request, response);
    return;
  }
  const bucket = pathname.replaceAll("/", "");
  const body = await text(request);
  await recordRequest(request, body);
  const policy = policies.get(bucket);
  if (request.method === "PUT") policies.set(bucket, body);
  if (request.method === "DELETE") policies.delete(bucket);
  if (request.method !== "GET") response.writeHead(204).end();
  else if (policy !== undefined) response.writeHead(200).end(policy);
  else response.writeHead(404).end("<Error><Code>NoSuchBucketPolicy</Code></Error>");
}
