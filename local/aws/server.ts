// The local stand-in for AWS, for development and tests: one HTTP server on 127.0.0.1 in front of which the
// unmodified AWS SDK works. It tells the three services apart, checks signatures, records every request, and lets
// tests script faults; what the services do is in s3.ts, secrets-manager.ts and sns.ts.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsError, type Call, type Reply, type Service } from "./exchange";
import { carryOutOr, eventOf, type Fault, type RequestEvent, type RequestHook } from "./faults";
import { callOf, send } from "./http";
import { s3Service } from "./s3";
import { s3Error } from "./s3-errors";
import { S3Store } from "./s3-store";
import { SecretsManager } from "./secrets-manager";
import { verifySignature, type Credentials } from "./sigv4";
import { Sns, type PublishedMessage } from "./sns";

export { type Fault, type RequestEvent, type RequestHook } from "./faults";
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

/** Leads an SDK client to one local endpoint. One process can have clients of several. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

export interface LocalAws {
  /** http://127.0.0.1:PORT, for all three services; S3 path style. */
  readonly endpoint: string;
  readonly region: string;
  /** The one accepted key pair, random for each start. */
  readonly credentials: Credentials;
  /** For the constructor of an SDK client; S3's also needs `forcePathStyle: true`. */
  readonly clientConfig: ClientConfig;
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
    clientConfig: { endpoint, region, credentials },
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

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof URIError) return s3Error("InvalidURI");
  return s3Error("InternalError", String(error));
}
