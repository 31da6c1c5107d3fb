/**
 * Stands in the place of `local/aws/server.ts` when the tests run against Moto (`jest.config.js` beside it swaps
 * them): the same interface, by a proxy that records the requests and asks the hooks before it hands them on.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

import { AwsError } from "../../local/aws/exchange";
import { s3Service } from "../../local/aws/s3";
import { S3Store } from "../../local/aws/s3-store";
import type { LocalAws, RecordedRequest, RequestHook } from "../../local/aws/server";
import { recordRequest } from "../support/recorded-requests";

const region = "us-east-1";
const credentials = { accessKeyId: "moto", secretAccessKey: "moto" };

export async function startLocalAws(): Promise<LocalAws> {
  const moto = process.env["MOTO_ENDPOINT"];
  if (moto === undefined) throw new Error("no Moto server: run these tests by npm run test:moto");
  await fetch(`${moto}/moto-api/reset`, { method: "POST" });

  const settings = { endpoint: moto, region, credentials };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const secretsManager = new SecretsManagerClient(settings);
  // The interface's preparations return at once; requests wait until they are through.
  let prepared: Promise<unknown> = Promise.resolve();
  const prepare = (action: () => Promise<unknown>) => (prepared = prepared.then(action));

  const requests: { -readonly [member in keyof RecordedRequest]: RecordedRequest[member] }[] = [];
  const hooks = new Set<RequestHook>();
  // Only names the operations here, and carries none of them out.
  const names = s3Service(new S3Store(""));

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [pathname = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
    const { method = "", headers } = request;
    const target = headers["x-amz-target"]?.toString().split(".");
    const call = { method, path: pathname, search, headers, body: () => request };
    const operation =
      target === undefined
        ? { service: names.name, ...(await names.recognise(call)) }
        : { service: "secretsmanager" as const, name: target[1] ?? "" };
    const { service, name, ...rest } = operation;
    const record: (typeof requests)[number] = {
      service,
      operation: name,
      ...rest,
      query: Object.fromEntries(new URLSearchParams(search)),
      userAgent: headers["user-agent"] ?? "",
    };
    requests.push(record);
    await prepared;

    const attempt = Number(/attempt=(\d+)/.exec(headers["amz-sdk-request"]?.toString() ?? "")?.[1] ?? 1);
    for (const hook of [...hooks]) {
      const fault = await hook({ service, operation: name, ...rest, attempt });
      if (fault === undefined) continue;
      if (!("respond" in fault)) throw new Error("this proxy knows no other fault than an answer");
      const { status, code, message } = fault.respond;
      request.resume();
      record.status = status;
      const reply = names.refuse(new AwsError(status, code, message));
      response.writeHead(status, reply.headers).end(reply.body);
      return;
    }
    record.status = await handedOn(moto, request, response);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    endpoint,
    region,
    credentials,
    clientConfig: { endpoint, region, credentials },
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      S3_FORCE_PATH_STYLE: "true",
    },
    requests,
    messages: [],
    executions: [],
    events: [],
    onRequest: (hook) => {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    createBucket: (name, { versioning = false } = {}) => {
      void prepare(async () => {
        await s3.send(new CreateBucketCommand({ Bucket: name }));
        const VersioningConfiguration = { Status: "Enabled" } as const;
        if (versioning)
          await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
      });
    },
    putSecret: (name, value) => {
      const SecretString = typeof value === "string" ? value : JSON.stringify(value);
      void prepare(async () => {
        try {
          await secretsManager.send(new CreateSecretCommand({ Name: name, SecretString }));
        } catch (error) {
          if (!(error instanceof ResourceExistsException)) throw error;
          await secretsManager.send(new PutSecretValueCommand({ SecretId: name, SecretString }));
        }
      });
      return name;
    },
    createTopic: () => {
      throw new Error("this proxy has no topics");
    },
    createStateMachine: () => {
      throw new Error("this proxy has no state machines");
    },
    endExecution: () => undefined,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Returns the status of the answer. Records the request, if the process records requests. */
export async function handedOn(
  moto: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const { method, headers } = request;
  const onward = send(`${moto}${request.url ?? ""}`, { method, headers });
  const answered = once(onward, "response");
  const body: Buffer[] = [];
  const kept = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      body.push(chunk);
      yield chunk;
    }
  };
  await pipeline(request, kept, onward);
  await recordRequest(request, Buffer.concat(body));
  const [answer] = (await answered) as [IncomingMessage];
  const { statusCode = 500 } = answer;
  response.writeHead(statusCode, answer.headers);
  await pipeline(answer, response);
  return statusCode;
}
