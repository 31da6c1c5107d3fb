// Converts between node:http and the services: from requests to calls, from replies to responses.
import { randomUUID } from "node:crypto";
import { type IncomingMessage, type ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Call, type Reply } from "./exchange";

export function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const [path = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
  return {
    method: request.method ?? "",
    path,
    search,
    headers: request.headers,
    body: () => {
      if (awaitsContinue(request)) response.writeContinue();
      // A service that stops reading a body must still be able to respond on the same connection.
      return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    },
  };
}

export async function drain(call: Call, request: IncomingMessage): Promise<void> {
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

export async function send(
  { status, headers, body = "" }: Reply,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that waits for "100 Continue" need not send its body. Any other body is read to its end: closing the
  // connection earlier would lose the response.
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
