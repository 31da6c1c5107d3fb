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

import { recordRequest } from "../support/recorded-requests";
import { startMoto } from "../moto/moto";
import { handedOn } from "../moto/moto-aws";

/**
 * Settings of a bucket that the proxy stores. Moto allows logging only to a bucket whose policy it can evaluate, and forgets
 * that a bucket sends events to EventBridge.
 */
const SETTINGS = ["policy", "logging", "notification"];
/** What S3 answers for a setting that nobody has made. */
const UNSET: Readonly<Record<string, string>> = {
  logging: "<BucketLoggingStatus/>",
  notification: "<NotificationConfiguration/>",
};

/** Operations that Moto does not support. The proxy answers them without doing anything. */
const UNKNOWN_TO_MOTO = [
  "AWSGlue.DeleteConnection",
  "AWSGlue.UpdateConnection",
  "AmazonAthena.DeleteNamedQuery",
  "TransferService.UpdateUser",
];

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
  const moto = await startMoto({ MOTO_IAM_LOAD_MANAGED_POLICIES: "true" });
  const settings = new Map<string, string>();
  const server = createServer((request, response) => {
    handle(moto.endpoint, settings, request, response).catch(() => response.destroy());
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
  settings: Map<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (UNKNOWN_TO_MOTO.includes(request.headers["x-amz-target"]?.toString() ?? "")) {
    await recordRequest(request, await text(request));
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end("{}");
    return;
  }
  if (request.headers["x-amz-target"]?.toString().startsWith("TransferService.Describe") === true) {
    await describeTransfer(moto, request, response);
    return;
  }
  const { pathname, searchParams } = new URL(request.url ?? "", moto);
  const setting = SETTINGS.find((name) => searchParams.has(name));
  if (setting === undefined) {
    await handedOn(moto, request, response);
    return;
  }
  const bucket = `${pathname.replaceAll("/", "")}?${setting}`;
  const body = await text(request);
  await recordRequest(request, body);
  const stored = settings.get(bucket);
  if (request.method === "PUT") settings.set(bucket, body);
  if (request.method === "DELETE") settings.delete(bucket);
  if (request.method !== "GET") response.writeHead(204).end();
  else if (stored !== undefined) response.writeHead(200).end(stored);
  else if (UNSET[setting] !== undefined) response.writeHead(200).end(UNSET[setting]);
  else response.writeHead(404).end("<Error><Code>NoSuchBucketPolicy</Code></Error>");
}

/** Moto's answer, with the dates as numbers and the error that the API defines. */
async function describeTransfer(
  moto: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request);
  await recordRequest(request, body);
  const headers = {
    "x-amz-target": request.headers["x-amz-target"]?.toString() ?? "",
    authorization: request.headers.authorization ?? "",
  };
  const answer = await fetch(moto, { method: "POST", headers, body });
  const corrected = (await answer.text())
    .replace(/UserNotFound|ServerNotFound/, "ResourceNotFoundException")
    .replaceAll(/"DateImported": ?"[^"]*"/g, `"DateImported": ${Date.now() / 1000}`);
  response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1" }).end(corrected);
}
