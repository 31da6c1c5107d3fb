// The faults that tests can script, and their execution.
import { type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { AwsError, type Call, type Operation, type Reply, type Service } from "./exchange";
import { drain } from "./http";
import { lateError } from "./s3";

/** A correctly signed request that is about to be carried out. */
export interface RequestEvent {
  readonly service: Service["name"];
  readonly operation: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
  /** 1 for the first attempt; from the SDK's amz-sdk-request header. */
  readonly attempt: number;
}

export type Fault =
  /** Not carried out; the response is this error, in the service's format. */
  | {
      readonly respond: {
        readonly status: number;
        readonly code: string;
        readonly message: string;
        readonly headers?: Readonly<Record<string, string>>;
      };
    }
  /**
   * The connection is reset: before the body is read (default), after it is read and discarded, or after the request
   * is carried out, which loses the response.
   */
  | { readonly reset: true; readonly after?: "headers" | "body" | "handled" }
  /** The body is read and discarded; there is never a response. */
  | { readonly hang: true }
  /** Carried out; the headers and half of the body are sent, and then nothing more. */
  | { readonly stall: true }
  /** Carried out after this many milliseconds. */
  | { readonly delayMs: number }
  /** Not carried out; the response is an S3 error with status 200, as CompleteMultipartUpload may return. */
  | { readonly respond200Error: { readonly code: string; readonly message: string } };

/** Holds the request until it returns. The request is carried out unless a fault is returned. */
export type RequestHook = (event: RequestEvent) => Fault | undefined | Promise<Fault | undefined>;

export function eventOf(service: Service, operation: Omit<Operation, "carryOut">, call: Call): RequestEvent {
  const { name, ...target } = operation;
  const attempt = /attempt=(\d+)/.exec(call.headers["amz-sdk-request"]?.toString() ?? "")?.[1];
  return { service: service.name, operation: name, ...target, attempt: Number(attempt ?? 1) };
}

export async function carryOutOr(
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
  if ("stall" in fault) return stalled(await carryOut());
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

async function stalled({ body = "", ...reply }: Reply): Promise<Reply> {
  const bytes = typeof body === "string" ? Buffer.from(body) : await buffer(body);
  const half = new Readable({ read: () => undefined });
  half.push(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  return { headers: { "content-length": String(bytes.length) }, ...reply, body: half };
}
