/** What the row stream holds in memory, against a real server: small batches, and a server that waits for a slow reader. */
import { setTimeout as sleep } from "node:timers/promises";

import { type Client } from "pg";

import { type Row, RowStream } from "../../../src/platform/database/row-stream";
import { connectTo } from "../../support/test-server";

const MEBIBYTE = 1024 * 1024;

let client: Client;
let observer: Client;
beforeEach(async () => {
  client = await connectTo("postgres");
  observer = await connectTo("postgres");
});
afterEach(async () => {
  // Destroying the socket ends a stream that was not read to its end.
  client.on("error", () => undefined);
  client.connection.stream.destroy();
  await observer.end();
});

function batchesOf(text: string, values: readonly string[] = []): AsyncIterable<Row[]> {
  return client.query(new RowStream(text, values)) as AsyncIterable<Row[]>;
}

describe("the batches of a stream", () => {
  it("have 1000 rows each, in order, and the last one has the rest", async () => {
    const sizes: number[] = [];
    let next = 1;
    for await (const batch of batchesOf("select n from generate_series(1, $1::int) as n", ["3500"])) {
      sizes.push(batch.length);
      for (const row of batch) expect(row).toEqual([String(next++)]);
    }
    expect(sizes).toEqual([1000, 1000, 1000, 500]);
  });

  it("exceed 1 MiB by at most one row", async () => {
    const rowBytes = 100_000;
    const sizes: number[] = [];
    for await (const batch of batchesOf("select repeat('x', $1::int) from generate_series(1, 100)", [
      String(rowBytes),
    ])) {
      sizes.push(batch.length);
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
    expect(Math.max(...sizes)).toBe(Math.ceil(MEBIBYTE / rowBytes));
  });
});

describe("a slow reader", () => {
  /** Whether the server waits for its client to receive data. */
  async function serverWaits(pid: number): Promise<boolean> {
    const { rows } = await observer.query<{ wait_event: string | null }>(
      "select wait_event from pg_stat_activity where pid = $1",
      [pid],
    );
    return rows[0]?.wait_event === "ClientWrite";
  }

  it.each([
    ["large rows", "100000", 3000],
    ["small rows", "10", 1_000_000],
  ])("of %s makes the server wait, and still gets all rows", async (_, rowBytes, rowCount) => {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const pid = rows[0]?.pid ?? 0;
    const batches = batchesOf("select repeat('x', $1::int) from generate_series(1, $2::int)", [
      rowBytes,
      String(rowCount),
    ])[Symbol.asyncIterator]();
    const first = await batches.next();
    const giveUpAt = Date.now() + 5000;
    while (!(await serverWaits(pid)) && Date.now() < giveUpAt) await sleep(20);
    await sleep(200);
    expect(await serverWaits(pid)).toBe(true);
    // The bytes that the stream has received; the sockets' buffers hold some megabytes more.
    const bytesRead = (client.connection.stream as unknown as { bytesRead: number }).bytesRead;
    expect(bytesRead).toBeLessThan(8 * MEBIBYTE);

    let count = first.done === true ? 0 : first.value.length;
    for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
      count += next.value.length;
    }
    expect(count).toBe(rowCount);
  });
});
