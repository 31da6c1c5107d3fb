/** A load that dies at any point leaves nothing, and the next attempt loads the delivery as if nothing had happened. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { checkAndLoad, type LoadRequest } from "../../../src/intake/load";
import type { DeliveryResult } from "../../../src/intake/result";
import type { Connection, WriteTransaction } from "../../../src/platform/database/connection";
import type { Statement } from "../../../src/platform/statement";
import { delivery, fileOf, IntakeWorld, NOW, type SentFile } from "../../support/intake-world";
import { ROOT } from "../../support/root";
import { tally } from "../../support/tally";

/** How many deaths at random moments; `npm run test:races` tries more. */
const DEATHS = Number(process.env["INTAKE_DEATHS"] ?? 6);

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());
beforeEach(() => intake.reset());

const details = Array.from({ length: 3000 }, (_, at) => `${70_000 + at}|${at}|1000|2026-09-14`);
const CONTENT = fileOf(details, { total: (2999 * 3000) / 2 });
const counts = { records: 3000, inserted: 3000, updated: 0, same: 0, stale: 0, rejected: 0 };

/** Everything but times and numbers that differ from load to load. */
async function tables(): Promise<unknown> {
  return intake.world.sql(
    `select count(*), sum(amount), (select count(*) from intake.row_origin) as origins,
            (select count(*) from intake.delivery) as deliveries
     from loans`,
  );
}

const NOTHING = [{ count: "0", sum: null, origins: "0", deliveries: "0" }];

async function terminate(): Promise<void> {
  await intake.world.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
    intake.login.user,
  ]);
  const isThere = "select 1 from pg_stat_activity where usename = $1";
  while ((await intake.world.sql(isThere, [intake.login.user])).length > 0) await sleep(5);
}

/** The connection, which dies before the statement whose name contains `point`, or in the middle of a copy. */
function dyingBefore(connection: Connection, point: string): Connection {
  const dieAt = async ({ name }: Statement) => {
    if (name.includes(point)) await terminate();
  };
  const dying = (transaction: WriteTransaction): WriteTransaction => ({
    ...transaction,
    query: async (statement, values) => {
      await dieAt(statement);
      return transaction.query(statement, values);
    },
    copyIn: async (statement, content) => {
      async function* cut() {
        let isFirst = true;
        for await (const chunk of content) {
          yield chunk;
          if (isFirst && point === "in the copy") await terminate();
          isFirst = false;
        }
      }
      await dieAt(statement);
      return transaction.copyIn(statement, cut());
    },
  });
  return {
    ...connection,
    writeTransaction: (action) =>
      connection.writeTransaction(async (transaction) => {
        const outcome = await action(dying(transaction));
        if (point === "before the commit") await terminate();
        return outcome;
      }),
  };
}

function request(connection: Connection): LoadRequest {
  const bytes = Buffer.from(CONTENT);
  async function* open() {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    await Promise.resolve();
  }
  return {
    ...{ delivery: delivery({}), content: { open }, connection },
    ...{ dryRun: false, ifMissing: "reject", now: NOW },
  };
}

const points = [
  ...[
    "banks.sql",
    "lock.sql",
    "create delivered",
    "copy delivered",
    "in the copy",
    "loaded_before.sql",
    "totals",
  ],
  ...[
    "analyze_delivered.sql",
    "create_wrong.sql",
    "key twice",
    "references",
    "key of another bank",
    "count_wrong.sql",
  ],
  ...["add_delivery.sql", "loans: load", "count_delivery.sql", "before the commit"],
];

it.each(points)(
  "a load whose connection dies at %s leaves nothing, and the next one loads everything",
  async (point) => {
    const dying = intake.connected((connection) => checkAndLoad(request(dyingBefore(connection, point))));
    await expect(dying).rejects.toMatchObject({ name: "DatabaseUnavailableError", retry: true });
    expect(await tables()).toEqual(NOTHING);

    const repeated = await intake.connected((connection) => checkAndLoad(request(connection)));
    expect(repeated).toMatchObject({ outcome: "loaded", counts });
  },
);

it("a load that dies behind its commit is found loaded by the next one", async () => {
  const dying = intake.connected(async (connection) => {
    await checkAndLoad(request(connection));
    throw new Error("died");
  });
  await expect(dying).rejects.toThrow("died");
  const repeated = await intake.connected((connection) => checkAndLoad(request(connection)));
  expect(repeated).toMatchObject({ outcome: "unchanged", counts });
});

/** Loads in a process of its own and kills it, `afterMs` after it is connected. */
async function killedProcess(file: SentFile, content: string, afterMs: number): Promise<string> {
  const { host, port, dbname } = intake.world.secret;
  const credentials = { host, port, database: dbname, ...intake.login };
  const script = path.join(ROOT, "tests", "support", "intake-process.cjs");
  const child = spawn(process.execPath, [script, JSON.stringify({ credentials, file, content })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const exited = once(child, "exit");
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child.stdout, "data");
  await sleep(afterMs);
  child.kill("SIGKILL");
  await exited;
  return output;
}

it("loads that die at random moments leave all or nothing, and repeated they have one result", async () => {
  const seen = { "before the commit": 0, "after the commit": 0 };
  let [lost, doubled] = [0, 0];
  for (let death = 0; death < DEATHS; death++) {
    await intake.reset();
    // The first is sure to be in time.
    const afterMs = death === 0 ? 0 : Math.random() * 120;
    const isProcess = death % 3 === 0;
    const dying: Promise<unknown> = isProcess
      ? killedProcess({}, CONTENT, afterMs)
      : Promise.all([
          intake.connected((connection) => checkAndLoad(request(connection))).catch(() => undefined),
          sleep(afterMs).then(terminate),
        ]);
    await dying;
    await intake.world.untilUnlocked();
    const left = await tables();
    const wasLoaded = JSON.stringify(left) !== JSON.stringify(NOTHING);
    const repeated: DeliveryResult = await intake.connected((connection) =>
      checkAndLoad(request(connection)),
    );
    expect(repeated).toMatchObject({ outcome: wasLoaded ? "unchanged" : "loaded", counts });
    const [found] = (await tables()) as [Record<string, string>];
    expect(found).toMatchObject({ count: "3000", sum: "4498500", origins: "3000", deliveries: "1" });
    lost += 3000 - Number(found["count"]);
    doubled += Number(found["deliveries"]) - 1;
    seen[wasLoaded ? "after the commit" : "before the commit"] += 1;
  }
  expect(seen["before the commit"]).toBeGreaterThan(0);
  tally(`${DEATHS} deaths, ${JSON.stringify(seen)}: ${lost} records lost, ${doubled} deliveries doubled`);
}, 1_200_000);
