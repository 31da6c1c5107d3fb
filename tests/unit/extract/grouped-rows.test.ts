import fc from "fast-check";

import type { Row } from "../../../src/platform/database/connection";
import { GroupedRows } from "../../../src/extract/grouped-rows";

async function* batchesOf(rows: readonly Row[], sizes: readonly number[]): AsyncGenerator<readonly Row[]> {
  let start = 0;
  for (let turn = 0; start < rows.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield await Promise.resolve(rows.slice(start, start + size));
    start += size;
  }
}

async function collect(batches: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of batches) {
    expect(batch.length).toBeGreaterThan(0);
    rows.push(...batch);
  }
  return rows;
}

describe("grouped rows", () => {
  it("are divided where the group changes, wherever the batches end", async () => {
    const groupSizes = fc.array(fc.nat(7), { minLength: 1, maxLength: 8 });
    const batchSizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(groupSizes, batchSizes, async (groups, batches) => {
        const rows = groups.flatMap((size, group) =>
          Array.from({ length: size }, (_, n) => [String(group), String(n)]),
        );
        const grouped = new GroupedRows(batchesOf(rows, batches));
        for (const group of groups.keys()) {
          const taken = await collect(grouped.take(([name]) => name === String(group)).batches);
          expect(taken).toEqual(rows.filter(([name]) => name === String(group)));
        }
      }),
    );
  });

  it("are never skipped: a row out of order waits for its own group", async () => {
    const grouped = new GroupedRows(batchesOf([["b"], ["a"]], [2]));
    expect(await collect(grouped.take(([name]) => name === "a").batches)).toEqual([]);
    expect(await collect(grouped.take(([name]) => name === "b").batches)).toEqual([["b"]]);
    expect(await collect(grouped.take(([name]) => name === "a").batches)).toEqual([["a"]]);
  });
});
