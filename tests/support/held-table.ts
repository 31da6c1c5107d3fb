/** Locks a table for a while: a run that reads it waits, with its snapshot open. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "pg";

import { connectTo } from "./test-server";

/** Runs `meanwhile` while a run of this database waits for the table. `start` starts the run; returns its result. */
export async function whileHeld<Result>(
  database: string,
  table: string,
  start: () => Promise<Result>,
  meanwhile: () => Promise<void>,
): Promise<Result> {
  const [holder, observer] = [await connectTo(database), await connectTo(database)];
  try {
    await holder.query("begin");
    await holder.query(`lock table ${table} in access exclusive mode`);
    const running = start();
    // The caller sees a failure when it awaits the run.
    running.catch(() => undefined);
    await untilWaiting(observer);
    await meanwhile();
    await holder.query("commit");
    return await running;
  } finally {
    await holder.end();
    await observer.end();
  }
}

async function untilWaiting(observer: Client): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; ;) {
    const { rowCount } = await observer.query(
      `select from pg_stat_activity
       where datname = current_database() and application_name = 'bank-batch' and wait_event_type = 'Lock'`,
    );
    if (rowCount === 1) return;
    if (Date.now() > giveUpAt) throw new Error("no run waits for the table");
    await sleep(20);
  }
}
