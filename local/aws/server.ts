// The local stand-in for AWS, for development and tests: one HTTP server on 127.0.0.1 in front of which the
// unmodified AWS SDK works. It tells the three services apart, checks signatures, records every request, and lets
// tests script faults; what the services do is in s3.ts, secrets-manager.ts and sns.ts.
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { AwsError, type Call, type Operation, type Reply, type Service } from "./exchange";
import { lateError, s3Service } from "./s3";
import { s3Error } from "./s3-errors";
import { S3Store } from "./s3-store";
import { SecretsManager } from "./secrets-manager";
import { verifySignature, type Credentials } from "./sigv4";
import { Sns, type PublishedMessage } from "./sns";

export { type PublishedMessage } from "./sns";

export interface LocalAwsOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Where the bodies of objects lie; made if absent. By default a temporary directory that `close` removes. */
  readonly directory?: string;
}

/** A request as it came in. It stands in `requests` from then on; `status` is added when it is answered. */
export interface RecordedRequest {
  readonly service: Service["name"];
  /** The AWS API name, for example "PutObject"; of an operation that isn't served, its method and parameters. */
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly query: Readonly<Record<string, string>>;
  /** As the SDK sends it; a client's `userAgentAppId` is in it as `app/…`. */
  readonly userAgent?: string;
  /** Absent while there is no answer, and for ever after a reset, a hang or a client that went away. */
  readonly status?: number;
}

/** A correctly signed request that is about to be carried out. */
export interface RequestEvent {
  readonly service: Service["name"];
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
  /** 1 for the first try, as the SDK counts in its amz-sdk-request header. */
  readonly attempt: number;
}

export type Fault =
  /** Not carried out; answered with this error in the service's form. */
  | {
      readonly respond: {
        readonly status: number;
        readonly code: string;
        readonly message: string;
        readonly headers?: Readonly<Record<string, string>>;
      };
    }
  /**
   * The connection is reset: before the body is read (default), after it is read and thrown away, or after the
   * request was carried out, which is the lost response.
   */
  | { readonly reset: true; readonly after?: "headers" | "body" | "handled" }
  /** The body is read and thrown away; there is never an answer. */
  | { readonly hang: true }
  /** Carried out this many milliseconds later. */
  | { readonly delayMs: number }
  /** Not carried out; answered with HTTP 200 around an S3 error, as CompleteMultipartUpload may fail. */
  | { readonly respond200Error: { readonly code: string; readonly message: string } };

/** May wait before it returns, which holds the request. Nothing returned: the request is carried out. */
export type RequestHook = (event: RequestEvent) => Fault | undefined | Promise<Fault | undefined>;

export interface LocalAws {
  /** http://127.0.0.1:PORT, for all three services; S3 path style. */
  readonly endpoint: string;
  readonly region: string;
  /** The one accepted key pair, random for each start. */
  readonly credentials: Credentials;
  /** What a process needs in its environment for its SDK clients to come here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Every request so far, in the order they came in. */
  readonly requests: readonly RecordedRequest[];
  /** Every message published by SNS so far. */
  readonly messages: readonly PublishedMessage[];
  /** Hooks are asked in the order they were added, until one returns a fault. Returns the removal of this one. */
  onRequest(hook: RequestHook): () => void;
  /** @throws AwsError if it exists. */
  createBucket(name: string, options?: { readonly versioning?: boolean }): void;
  /** Creates a secret or gives it a new AWSCURRENT value; objects are stored as JSON. Returns its ARN. */
  putSecret(name: string, value: string | object): string;
  /** Returns the topic's ARN, also if it exists already. */
  createTopic(name: string): string;
  /** Ends all connections, hanging ones too, and removes the bodies of objects unless `directory` was given. */
  close(): Promise<void>;
}

type Mutable<T> = { -readonly [member in keyof T]: T[member] };

const region = "us-east-1";
const account = "000000000000";

export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "local-aws-")));
  await mkdir(directory, { recursive: true });
  const credentials = {
    accessKeyId: `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64"),
  };
  const store = new S3Store(directory);
  const s3 = s3Service(store);
  const secretsManager = new SecretsManager(region, account);
  const sns = new Sns(region, account);
  const requests: Mutable<RecordedRequest>[] = [];
  const hooks = new Set<RequestHook>();

  const serviceOf = ({ headers, method }: Call): Service => {
    if (headers["x-amz-target"]?.toString().startsWith("secretsmanager.") === true) return secretsManager;
    const isForm = headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
    return method === "POST" && isForm ? sns : s3;
  };

  const faultFor = async (event: RequestEvent): Promise<Fault | undefined> => {
    for (const hook of [...hooks]) {
      const fault = await hook(event);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = callOf(request, response);
    const service = serviceOf(call);
    const query = Object.fromEntries(new URLSearchParams(call.search));
    const record: Mutable<RecordedRequest> = {
      service: service.name,
      operation: "",
      query,
      userAgent: request.headers["user-agent"] ?? "",
    };
    requests.push(record);
    const reply = await (async (): Promise<Reply | "none"> => {
      try {
        const { carryOut, ...operation } = await service.recognise(call);
        const { name, bucket, key } = operation;
        Object.assign(record, { operation: name, ...(bucket && { bucket }), ...(key && { key }) });
        verifySignature(call, credentials, region, service.name);
        return await carryOutOr(await faultFor(eventOf(service, operation, call)), carryOut, call, request);
      } catch (error) {
        return service.refuse(asAwsError(error));
      }
    })();
    if (reply === "none" || request.socket.destroyed) return;
    record.status = reply.status;
    await send(reply, call, request, response);
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    // Fails when the client goes away, and then there is nobody to tell.
    handle(request, response).catch(() => response.destroy());
  };
  const server = createServer(listener);
  // Without a listener of its own, node would send "100 Continue" before anybody has looked at the headers.
  server.on("checkContinue", listener);
  // No time-outs on this side: uploads take as long as they take, and an idle connection must not be closed in
  // the very moment in which a client uses it again.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    endpoint,
    region,
    credentials,
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ENDPOINT_URL_SNS: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      S3_FORCE_PATH_STYLE: "true",
    },
    requests,
    messages: sns.messages,
    onRequest: (hook) => {
      hooks.add(hook);
      return () => hooks.delete(hook);
    },
    createBucket: (name, { versioning = false } = {}) => {
      const bucket = store.createBucket(name);
      if (versioning) bucket.versioning = "Enabled";
    },
    putSecret: (name, value) =>
      secretsManager.putSecret(name, typeof value === "string" ? value : JSON.stringify(value)),
    createTopic: (name) => sns.createTopic(name),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      if (options.directory === undefined)
        await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const [path = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
  return {
    method: request.method ?? "",
    path,
    search,
    headers: request.headers,
    body: () => {
      if (awaitsContinue(request)) response.writeContinue();
      // A service that gives up on a body must still be able to answer on the same connection.
      return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    },
  };
}

function eventOf(service: Service, operation: Omit<Operation, "carryOut">, call: Call): RequestEvent {
  const { name, ...target } = operation;
  const attempt = /attempt=(\d+)/.exec(call.headers["amz-sdk-request"]?.toString() ?? "")?.[1];
  return { service: service.name, operation: name, ...target, attempt: Number(attempt ?? 1) };
}

async function carryOutOr(
  fault: Fault | undefined,
  carryOut: Operation["carryOut"],
  call: Call,
  request: IncomingMessage,
): Promise<Reply | "none"> {
  if (fault === undefined) return carryOut();
  if ("delayMs" in fault) {
    await delay(fault.delayMs);
    return carryOut();
  }
  if ("respond" in fault) {
    const { status, code, message, headers } = fault.respond;
    throw new AwsError(status, code, message, headers);
  }
  if ("respond200Error" in fault) return lateError(fault.respond200Error.code, fault.respond200Error.message);
  if ("hang" in fault) {
    await drain(call, request);
    return "none";
  }
  if (fault.after === "body") await drain(call, request);
  if (fault.after === "handled") {
    const { body } = await carryOut();
    if (typeof body === "object") body.destroy();
  }
  // A client that has gone needs no reset. Node 20 fails to reset its socket (EINVAL) and then never closes it.
  if (request.socket.writable) request.socket.resetAndDestroy();
  else request.socket.destroy();
  return "none";
}

async function drain(call: Call, request: IncomingMessage): Promise<void> {
  if (request.readableEnded) return;
  await pipeline(
    call.body(),
    new Writable({
      write: (_bytes, _encoding, next) => {
        next();
      },
    }),
  );
}

async function send(
  { status, headers, body = "" }: Reply,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that waits for "100 Continue" is spared sending what nobody wants; any other has to get rid of its
  // body first, or closing the connection under it would lose the answer.
  if (awaitsContinue(request)) response.setHeader("connection", "close");
  else await drain(call, request);
  response.setHeader("x-amz-request-id", randomUUID());
  if (typeof body === "string" && status !== 204)
    response.setHeader("content-length", Buffer.byteLength(body));
  response.writeHead(status, headers);
  if (typeof body === "string") response.end(body);
  else await pipeline(body, response);
}

function awaitsContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === "100-continue" && !request.readableDidRead;
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof URIError) return s3Error("InvalidURI");
  return s3Error("InternalError", String(error));
}
