/** The row stream as the driver calls it, message by message; `tests/integration` runs it against a real server. */
import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";

import type { Connection } from "pg";

import { type Row, RowStream } from "../../../src/platform/database/row-stream";

/** Records the calls to a connection, in order. */
class FakeConnection extends EventEmitter {
  readonly calls: unknown[][] = [];
  readonly stream = { pause: this.#note("pause"), resume: this.#note("resume") };
  readonly parse = this.#note("parse");
  readonly bind = this.#note("bind");
  readonly execute = this.#note("execute");
  readonly describe = () => undefined;
  readonly flush = () => undefined;
  readonly sync = this.#note("sync");
  readonly close = this.#note("close");

  callsOf(name: string): unknown[] {
    return this.calls.filter(([called]) => called === name).map(([, argument]) => argument);
  }

  #note(name: string) {
    return (argument?: unknown) => {
      this.calls.push([name, argument]);
    };
  }
}

/** The driver's handlers, which its types leave out. */
interface Handlers {
  handleRowDescription(message: object): void;
  handleDataRow(message: object): void;
  handleCommandComplete(message: object): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

const MEBIBYTE = 1024 * 1024;
const fields = [{ name: "n", dataTypeID: 23 }];

function submitted(values: string[] = ["1"]) {
  const connection = new FakeConnection();
  const stream = new RowStream("select 1", values);
  stream.submit(connection as unknown as Connection);
  const handlers = stream as unknown as Handlers;
  handlers.handleRowDescription({ fields });
  return { connection, stream, handlers };
}

function send(handlers: Handlers, count: number, length: number, value = "x"): void {
  for (let row = 0; row < count; row++) handlers.handleDataRow({ fields: [value], length });
}

function end(handlers: Handlers): void {
  handlers.handleCommandComplete({ text: "SELECT 1" });
  handlers.handleReadyForQuery();
}

describe("a row stream", () => {
  it("sends its statement with its values, and requests all rows at once", async () => {
    const { connection, stream, handlers } = submitted(["one", "two"]);
    expect(connection.callsOf("parse")).toEqual([{ text: "select 1" }]);
    expect(connection.callsOf("bind")).toMatchObject([{ values: ["one", "two"] }]);
    expect(connection.callsOf("execute")).toEqual([]);
    const batches = (stream as AsyncIterable<Row[]>)[Symbol.asyncIterator]();
    const first = batches.next();
    await turn();
    expect(connection.callsOf("execute")).toMatchObject([{ rows: 0 }]);
    send(handlers, 2, 10);
    end(handlers);
    expect(await first).toEqual({ done: false, value: [["x"], ["x"]] });
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it("passes on batches of 1000 rows, and pauses the socket when two batches wait", async () => {
    const { connection, stream, handlers } = submitted();
    expect(stream.read()).toBeNull();
    send(handlers, 999, 10);
    expect(stream.readableLength).toBe(0);
    send(handlers, 1, 10);
    expect(stream.readableLength).toBe(1);
    expect(connection.callsOf("pause")).toHaveLength(0);
    send(handlers, 1000, 10);
    expect(stream.readableLength).toBe(2);
    expect(connection.callsOf("pause")).toHaveLength(1);
    expect(connection.callsOf("resume")).toHaveLength(0);
    expect(stream.read()).toHaveLength(1000);
    await turn();
    expect(connection.callsOf("resume").length).toBeGreaterThan(0);
    expect(connection.callsOf("execute")).toHaveLength(1);
    stream.destroy();
  });

  it("passes on a batch when it reaches a mebibyte", () => {
    const { stream, handlers } = submitted();
    stream.read();
    send(handlers, 2, MEBIBYTE / 2 - 1);
    expect(stream.readableLength).toBe(0);
    send(handlers, 1, 2);
    expect(stream.readableLength).toBe(1);
    // The count starts again with the next batch.
    send(handlers, 1, MEBIBYTE - 1);
    expect(stream.readableLength).toBe(1);
    send(handlers, 1, 1);
    expect(stream.readableLength).toBe(2);
    expect(stream.read()).toHaveLength(3);
    expect(stream.read()).toHaveLength(2);
    stream.destroy();
  });

  it("knows its columns before its rows", async () => {
    const { stream } = submitted();
    expect(await stream.columns).toBe(fields);
    stream.destroy();
  });

  it("fails with the statement's error, and so do its columns", async () => {
    const stream = new RowStream("select 1", []);
    stream.submit(new FakeConnection() as unknown as Connection);
    const reading = (stream as AsyncIterable<Row[]>)[Symbol.asyncIterator]().next();
    const error = new Error("no such table");
    await turn();
    (stream as unknown as Handlers).handleError(error);
    await expect(reading).rejects.toBe(error);
    await expect(stream.columns).rejects.toBe(error);
  });

  it("that is closed early has no columns, and sends nothing to its connection", async () => {
    const connection = new FakeConnection();
    const stream = new RowStream("select 1", []);
    stream.submit(connection as unknown as Connection);
    stream.destroy();
    await expect(stream.columns).rejects.toThrow(
      "the stream was closed before the database described its result",
    );
    expect(stream.closed).toBe(true);
    expect([...connection.callsOf("close"), ...connection.callsOf("sync")]).toEqual([]);
  });

  it("that is destroyed with an error fails with it", async () => {
    const { stream } = submitted();
    const error = new Error("the connection is lost");
    const failed = new Promise((resolve) => stream.once("error", resolve));
    stream.destroy(error);
    expect(await failed).toBe(error);
  });

  it("may be read before it is submitted", async () => {
    const stream = new RowStream("select 1", []);
    stream.read();
    stream.read();
    const handlers = stream as unknown as Handlers;
    send(handlers, 2000, 10);
    expect(stream.readableLength).toBe(2);
    stream.destroy();
    await expect(stream.columns).rejects.toThrow("closed");
  });
});
