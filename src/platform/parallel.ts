/** Several things at once, but not too many. */

/**
 * Runs an action for each item, `atOnce` at a time, in order.
 *
 * @returns the results in the items' order.
 * @throws the first error, after all actions that were begun have ended; no further one is begun.
 */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  action: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failures.length > 0) return;
      try {
        results[index] = await action(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  expectNoFailure(failures);
  return results;
}

/** What became of several actions that don't depend on each other. */
export interface Ends<Result> {
  /** Of the actions that succeeded, in the items' order. */
  readonly results: readonly Result[];
  readonly failures: readonly unknown[];
}

/**
 * Runs an action for each item, `atOnce` at a time, in order. A failure stops none of the others.
 *
 * @param onFailure is called with each failure when it happens.
 */
export async function eachToItsEnd<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  action: (item: Item) => Promise<Result>,
  onFailure: (item: Item, error: unknown) => void = () => undefined,
): Promise<Ends<Result>> {
  const failures: unknown[] = [];
  const results = await eachAtOnce(items, atOnce, (item) =>
    action(item).then(
      (result): readonly Result[] => [result],
      (error: unknown) => {
        failures.push(error);
        onFailure(item, error);
        return [];
      },
    ),
  );
  return { results: results.flatMap((each) => each), failures };
}

/** @throws the first failure, if there is one. */
export function expectNoFailure(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures[0];
}

/** Runs an action when it is its turn. */
export type InTurn = <Result>(action: () => Promise<Result>) => Promise<Result>;

/** Lets so many actions run at once; further ones wait, in the order in which they came. */
export function turns(atOnce: number): InTurn {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (action) => {
    if (running < atOnce) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = waiting.shift();
      // The next one takes over this one's place.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
