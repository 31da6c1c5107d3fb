/** Several things at once, but not too many. */
import { setTimeout as sleep } from "node:timers/promises";

import { eachToItsEnd, turns } from "../../../src/platform/parallel";

/** Counts how many actions run at once. */
function counted() {
  let running = 0;
  const seen = { most: 0 };
  const action = async <Result>(end: () => Result): Promise<Result> => {
    running += 1;
    seen.most = Math.max(seen.most, running);
    await sleep(1);
    running -= 1;
    return end();
  };
  return { seen, action };
}

it("a failure stops none of the others, and not too many run at once", async () => {
  const { seen, action } = counted();
  const failed: number[] = [];
  const { results, failures } = await eachToItsEnd(
    [1, 2, 3, 4, 5, 6],
    2,
    (item) =>
      action(() => {
        if (item % 3 === 0) throw new Error(`it is ${item}`);
        return [item];
      }),
    (item) => failed.push(item),
  );
  expect(results).toEqual([[1], [2], [4], [5]]);
  expect([failed, failures.map((error) => (error as Error).message)]).toEqual([
    [3, 6],
    ["it is 3", "it is 6"],
  ]);
  expect(seen.most).toBe(2);
});

it("actions wait for their turn, in order, also behind one that fails", async () => {
  const { seen, action } = counted();
  const inTurn = turns(2);
  const order: number[] = [];
  const ends = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((item) =>
      inTurn(() =>
        action(() => {
          order.push(item);
          if (item === 2) throw new Error("it is 2");
        }),
      ),
    ),
  );
  expect(ends.map(({ status }) => status)).toEqual([
    ...["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"],
  ]);
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(seen.most).toBe(2);
});
