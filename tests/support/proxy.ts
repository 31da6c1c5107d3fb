/**
 * The network between the program and PostgreSQL, as a test scripts it: a TCP proxy that passes bytes on until its
 * script says otherwise. It works only without TLS, because it has to find the rows in the server's bytes.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, connect, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What happens to a connection. */
export type Script =
  | { readonly pass: true; readonly firstByteAfterMs?: number }
  /** Accepts the connection and never sends a byte. */
  | { readonly silentFromTheStart: true }
  /** Ends after this many bytes from the server, or in the middle of the row after this many whole ones. */
  | { readonly after: { readonly bytes: number } | { readonly rows: number }; readonly then: Ending }
  /** Holds the server's next bytes there until `meanwhile` has ended. */
  | { readonly after: { readonly rows: number }; readonly meanwhile: () => Promise<void> };

/**
 * `cut`: closed cleanly, as by a load balancer. `reset`: closed by RST. `silent`: no more bytes come, and the server
 * does not notice, because its own end stays open until the proxy is closed.
 */
export type Ending = "cut" | "reset" | "silent";

export class Proxy {
  /** For new connections. */
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

  /** The settings that make a run connect through this proxy. */
  get environment(): Readonly<Record<string, string>> {
    return { DB_HOST: "127.0.0.1", DB_PORT: String(this.port) };
  }

  /** Stops passing bytes in either direction; neither side notices that the other is gone. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Ends all connections and refuses new ones. */
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
    // During a silence, a client that ends its connection gets no answer either.
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

/** Counts how many of the server's next bytes are still passed on; undefined for all, before the ending. */
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
    // A server message is a letter, its length without the letter in four bytes, and the rest.
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
