// The local stand-in for AWS, for development and tests: one HTTP server on 127.0.0.1 that works with the unmodified
// AWS SDK. It recognises the service of each request, checks signatures, records requests, and lets tests script
// faults. The services themselves are in s3.ts, secrets-manager.ts, sns.ts and
// step-functions.ts.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { temporaryDirectory } from "../temporary";
import { AwsError, type Call, type Reply, type Service } from "./exchange";
import { carryOutOr, eventOf, type Fault, type RequestEvent, type RequestHook } from "./faults";
import { callOf, send } from "./http";
import { s3Service } from "./s3";
import { s3Error } from "./s3-errors";
import { objectCreated, type ObjectCreatedEvent } from "./s3-events";
import { S3Store } from "./s3-store";
import { SecretsManager } from "./secrets-manager";
import { verifySignature, type Credentials } from "./sigv4";
import { Sns, type PublishedMessage } from "./sns";
import { type Runner, type StartedExecution, StepFunctions } from "./step-functions";

export { type ObjectCreatedEvent } from "./s3-events";
export { type Fault, type RequestEvent, type RequestHook } from "./faults";
export { type PublishedMessage } from "./sns";
export { type Runner, type StartedExecution } from "./step-functions";

export interface LocalAwsOptions {
  /** Called with each request and the part of its body that was read, before the response is sent. */
  readonly observe?: (request: IncomingMessage, body: Buffer) => Promise<void>;
  /** Where the bodies of objects are stored; must exist. The default is a temporary directory that `close` deletes. */
  readonly directory?: string;
}

/** A request that was received. `status` is added when the response is sent. */
export interface RecordedRequest {
  readonly service: Service["name"];
  /** The AWS API name, for example "PutObject"; for an operation that isn't served, its method and parameters. */
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly query: Readonly<Record<string, string>>;
  /** As the SDK sends it. It contains a client's `userAgentAppId` as `app/…`. */
  readonly userAgent?: string;
  /** Missing until there is a response, so always after a reset, a hang or a client that disconnected. */
  readonly status?: number;
}

/** Configures an SDK client for one local endpoint. One process can have clients for several. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

export interface LocalAws {
  /** http://127.0.0.1:PORT, for all services; S3 path style. */
  readonly endpoint: string;
  readonly region: string;
  /** The only accepted key pair, random for each start. */
  readonly credentials: Credentials;
  /** For the constructor of an SDK client; S3's also needs `forcePathStyle: true`. */
  readonly clientConfig: ClientConfig;
  /** The environment variables that make the SDK clients of a process use this endpoint. */
  readonly environment: Readonly<Record<string, string>>;
  /** Every request so far, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Every message published by SNS so far. */
  readonly messages: readonly PublishedMessage[];
  /** Every execution that was started so far. */
  readonly executions: readonly StartedExecution[];
  /** Every object that was created so far, in all buckets, as EventBridge would report it. */
  readonly events: readonly ObjectCreatedEvent[];
  /** Adds a hook. Hooks are called in order until one returns a fault. Returns a function that removes this hook. */
  onRequest(hook: RequestHook): () => void;
  /** @throws AwsError if the bucket exists. */
  createBucket(name: string, options?: { readonly versioning?: boolean }): void;
  /** Creates a secret or gives it a new AWSCURRENT value; stores objects as JSON. Returns the ARN. */
  putSecret(name: string, value: string | object): string;
  /** Returns the topic's ARN; the topic may exist already. */
  createTopic(name: string): string;
  /** Returns the state machine's ARN. Without a runner, its executions run until they are ended. */
  createStateMachine(name: string, runner?: Runner): string;
  /** Ends an execution, successfully unless another status is given. Its name stays taken. */
  endExecution(name: string, status?: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED"): void;
  /** Ends all connections, hanging ones too, and removes the bodies of objects unless `directory` was given. */
  close(): Promise<void>;
}

type Mutable<T> = { -readonly [member in keyof T]: T[member] };

const region = "us-east-1";
const account = "000000000000";

export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const directory = options.directory ?? (await temporaryDirectory("aws"));
  const credentials = {
    accessKeyId: `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64"),
  };
  const events: ObjectCreatedEvent[] = [];
  const store = new S3Store(directory, (created) => events.push(objectCreated(created, region, account)));
  const s3 = s3Service(store);
  const secretsManager = new SecretsManager(region, account);
  const sns = new Sns(region, account);
  const stepFunctions = new StepFunctions(region, account);
  const requests: Mutable<RecordedRequest>[] = [];
  const hooks = new Set<RequestHook>();

  const serviceOf = ({ headers, method }: Call): Service => {
    const target = headers["x-amz-target"]?.toString() ?? "";
    if (target.startsWith("secretsmanager.")) return secretsManager;
    if (target.startsWith("AWSStepFunctions.")) return stepFunctions;
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
    const chunks: Buffer[] = [];
    const received = callOf(request, response);
    const call =
      options.observe === undefined
        ? received
        : { ...received, body: () => collecting(received.body(), chunks) };
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
    await options.observe?.(request, Buffer.concat(chunks));
    if (reply === "none" || request.socket.destroyed) return;
    record.status = reply.status;
    await send(reply, call, request, response);
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    // Fails if the client disconnects; then there is nobody to respond to.
    handle(request, response).catch(() => response.destroy());
  };
  const server = createServer(listener);
  // Without this listener, Node.js would send "100 Continue" before the headers are checked.
  server.on("checkContinue", listener);
  // No time-outs: uploads may take long, and an idle connection must not be closed just when a client uses it again.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
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
      AWS_ENDPOINT_URL_SNS: endpoint,
      AWS_ENDPOINT_URL_SFN: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      S3_FORCE_PATH_STYLE: "true",
    },
    requests,
    messages: sns.messages,
    get executions() {
      return stepFunctions.executions;
    },
    events,
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
    createStateMachine: (name, runner) => stepFunctions.createStateMachine(name, runner),
    endExecution: (name, status) => {
      stepFunctions.end(name, status);
    },
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

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof URIError) return s3Error("InvalidURI");
  return s3Error("InternalError", String(error));
}

async function* collecting(body: AsyncIterable<Buffer>, chunks: Buffer[]): AsyncIterable<Buffer> {
  for await (const chunk of body) {
    chunks.push(chunk);
    yield chunk;
  }
}
