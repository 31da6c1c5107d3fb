// The faults that tests script, and how they are played.
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
  /** Carried out; the headers and half of the body are sent, and then nothing more. */
  | { readonly stall: true }
  /** Carried out this many milliseconds later. */
  | { readonly delayMs: number }
  /** Not carried out; answered with HTTP 200 around an S3 error, as CompleteMultipartUpload may fail. */
  | { readonly respond200Error: { readonly code: string; readonly message: string } };

/** May wait before it returns, which holds the request. Nothing returned: the request is carried out. */
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
  // A socket that is gone already has nothing to reset, and Node 20 would wait for it at the process's end.
  if (!request.socket.destroyed) request.socket.resetAndDestroy();
  return "none";
}

async function stalled({ body = "", ...reply }: Reply): Promise<Reply> {
  const bytes = typeof body === "string" ? Buffer.from(body) : await buffer(body);
  const half = new Readable({ read: () => undefined });
  half.push(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  return { headers: { "content-length": String(bytes.length) }, ...reply, body: half };
}
