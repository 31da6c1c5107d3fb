/**
 * The network between the program and PostgreSQL, as a test scripts it: a TCP proxy that passes bytes on until it
 * is told otherwise. It is written for connections without TLS, where it can tell a row from its neighbours.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, connect, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What happens to a connection. */
export type Script =
  | { readonly pass: true; readonly firstByteAfterMs?: number }
  /** Accepted, and never a byte. */
  | { readonly silentFromTheStart: true }
  /** After so many bytes from the server, or in the middle of a row after so many whole ones. */
  | { readonly after: { readonly bytes: number } | { readonly rows: number }; readonly then: Ending }
  /** The server's next bytes wait there until something has been done. */
  | { readonly after: { readonly rows: number }; readonly meanwhile: () => Promise<void> };

/**
 * `cut`: closed in good order, as by a load balancer. `reset`: by RST. `silent`: nothing comes any more, and the
 * server doesn't learn of it either: its own end stays open until the proxy is closed.
 */
export type Ending = "cut" | "reset" | "silent";

export class Proxy {
  /** For the connections that are made from now on. */
  script: Script = { pass: true };
  readonly #sockets = new Set<Socket>();
  #isSilent = false;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    private readonly target: { readonly host: string; readonly port: number },
  ) {
    server.on("connection", (client) => {
      this.#accept(client);
    });
  }

  static async create(target: { readonly host: string; readonly port: number }): Promise<Proxy> {
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Proxy(server, (server.address() as AddressInfo).port, target);
  }

  /** The settings that lead a run through here. */
  get environment(): Readonly<Record<string, string>> {
    return { DB_HOST: "127.0.0.1", DB_PORT: String(this.port) };
  }

  /** From now on nothing passes in either direction, and neither side learns that the other is gone. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Ends all connections; from now on they are refused. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, "close");
  }

  #accept(client: Socket): void {
    const script = this.script;
    this.#keep(client);
    if ("silentFromTheStart" in script) return;

    const server = this.#keep(connect(this.target));
    const isSilent = () => this.#isSilent || ("then" in script && script.then === "silent");
    client.on("data", (bytes) => {
      if (!this.#isSilent) server.write(bytes);
    });
    // A client that says goodbye into a silence gets no answer to that either.
    client.on("end", () => {
      if (!isSilent()) client.end();
    });
    client.on("close", () => {
      if (!isSilent()) server.destroy();
    });
    server.on("close", () => client.end());
    void this.#answer(script, server, client).catch(() => client.destroy());
  }

  async #answer(script: Script, server: Socket, client: Socket): Promise<void> {
    if ("pass" in script) await sleep(script.firstByteAfterMs ?? 0);
    let end: (bytes: Buffer) => number | undefined =
      "after" in script ? endOf(script.after) : () => undefined;
    for await (const bytes of server as AsyncIterable<Buffer>) {
      if (this.#isSilent) continue;
      let length = end(bytes);
      if (length !== undefined && "meanwhile" in script) {
        await script.meanwhile();
        end = () => undefined;
        length = undefined;
      }
      if (!client.write(bytes.subarray(0, length)) && length === undefined) await once(client, "drain");
      if (length === undefined || !("then" in script)) continue;
      if (script.then === "cut") client.end();
      if (script.then === "reset") client.resetAndDestroy();
      if (script.then === "silent") await once(server, "close");
      return;
    }
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** How much of the server's next bytes is still passed on; undefined: all of them, and the end has not come. */
function endOf(after: { readonly bytes: number } | { readonly rows: number }) {
  if ("bytes" in after) {
    let left = after.bytes;
    return (bytes: Buffer): number | undefined => {
      if (bytes.length >= left) return left;
      left -= bytes.length;
      return undefined;
    };
  }
  let rows = 0;
  let begun = Buffer.alloc(0);
  return (bytes: Buffer): number | undefined => {
    const text = Buffer.concat([begun, bytes]);
    let at = 0;
    // A message of the server's is a letter, its length without the letter in four bytes, and the rest.
    // Source: PostgreSQL documentation, "Message Formats".
    while (at + 5 <= text.length) {
      const end = at + 1 + text.readUInt32BE(at + 1);
      const middle = (at + end) >> 1;
      const isRow = text[at] === 0x44;
      if (isRow && rows === after.rows && middle <= text.length) return Math.max(0, middle - begun.length);
      if (end > text.length) break;
      if (isRow) rows += 1;
      at = end;
    }
    begun = text.subarray(at);
    return undefined;
  };
}
