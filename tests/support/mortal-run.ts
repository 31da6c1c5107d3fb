/**
 * A run of the lake whose process dies at a request, to S3 or to DynamoDB: nothing that it sends afterwards arrives, and it
 * clears up nothing.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import type { Edge } from "../../src/platform/edge";
import type { LakeWorld } from "./lake-world";

/** What happens to the request at which the process dies: it never arrives, or it takes effect and the answer is lost. */
export type Fate = "lost" | "carried out";

export interface Death {
  /** Counted from 1; without it, the run lives. */
  readonly at: number;
  readonly fate: Fate;
}

/** All deaths that a run with so many requests can die. */
export function deaths(requestCount: number): Death[] {
  const points = Array.from({ length: requestCount }, (_, index) => index + 1);
  return points.flatMap((at) => (["lost", "carried out"] as const).map((fate) => ({ at, fate })));
}

/** As many of them, spread evenly. */
export function some<Item>(items: readonly Item[], count: number): Item[] {
  const stride = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, index) => (index + 1) % stride === 0);
}

/** @returns how many requests have arrived. @throws what the action throws, unless it has died. */
export async function runUntil(
  lake: LakeWorld,
  death: Death | undefined,
  action: (edge: Edge) => Promise<unknown>,
): Promise<number> {
  let arrived = 0;
  let isDead = false;
  const process = new AbortController();
  const fateOf = (): Fate | "dead" | undefined => {
    if (isDead) return "dead";
    arrived += 1;
    if (arrived !== death?.at) return undefined;
    isDead = true;
    process.abort(new Error("the process has died"));
    return death.fate;
  };
  const dynamo = await relay(lake.dynamo.endpoint, fateOf);
  const remove = lake.world.aws.onRequest(() => {
    const fate = fateOf();
    if (fate === undefined) return undefined;
    return fate === "dead" ? { reset: true } : { reset: true, after: fate === "lost" ? "body" : "handled" };
  });
  try {
    await lake.inTime(
      { caller: "operator", dynamoEndpoint: dynamo.endpoint, signal: process.signal },
      action,
    );
  } catch (error) {
    // Read again, because the action has changed it.
    if (!(isDead as boolean)) throw error;
  } finally {
    remove();
    await dynamo.close();
  }
  return arrived;
}

/** Passes requests on, as long as there is no fate. */
async function relay(target: string, fateOf: () => Fate | "dead" | undefined) {
  const server = createServer((incoming, response) => {
    void (async () => {
      const body = await buffer(incoming);
      const fate = fateOf();
      if (fate === "lost" || fate === "dead") {
        incoming.socket.destroy();
        return;
      }
      const { method, headers, url = "/" } = incoming;
      const outgoing = send(new URL(url, target), { method, headers });
      outgoing.end(body);
      const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
      const content = await buffer(answer);
      if (fate === "carried out") incoming.socket.destroy();
      else response.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
