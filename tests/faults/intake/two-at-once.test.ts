/** Deliveries that are loaded at the same time, beside each other and beside readers. */
import * as fc from "fast-check";

import { feeds } from "../../../src/intake/feeds";
import { checkAndLoad } from "../../../src/intake/load";
import type { DeliveryResult } from "../../../src/intake/result";
import type { Connection } from "../../../src/platform/database/connection";
import { readStatement } from "../../../src/platform/statement";
import { delivery, fileOf, IntakeWorld, NOW, type SentFile } from "../../support/intake-world";
import { judge, type Ods, type Sent } from "../../support/intake-oracle";
import { anySent, readTables, send, start, tablesOf } from "../../support/intake-sequences";
import { tally } from "../../support/tally";

/** How many random races; `npm run test:races` tries more. */
const RACES = Number(process.env["INTAKE_RACES"] ?? 10);

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());
beforeEach(() => intake.reset());

const loan = (amount: number, time: string) =>
  fileOf([`70001|${amount}|1000|`], { total: amount, time: `2026-09-30T${time}:00:00Z` });
const at = (time: string): SentFile => ({ time: `20260930T${time}0000` });

it("the same content twice at once is loaded once, and unchanged the other time", async () => {
  const content = loan(1, "22");
  const results = await Promise.all([intake.load(content), intake.load(content)]);
  expect(results.map(({ outcome }) => outcome).sort()).toEqual(["loaded", "unchanged"]);
});

it.each([
  ["older", "newer"],
  ["newer", "older"],
])("of two deliveries at once, %s before %s, the newer one stays", async (...order) => {
  const times: Readonly<Record<string, string>> = { older: "20", newer: "21" };
  await Promise.all(
    order.map((which) => {
      const time = times[which] ?? "";
      return intake.load(loan(which === "newer" ? 2 : 1, time), at(time));
    }),
  );
  expect(await intake.world.sql("select amount from loans")).toEqual([{ amount: 2 }]);
});

/** A connection that does something between everything else and the commit. */
function pausing(connection: Connection, pause: () => Promise<void>): Connection {
  return {
    ...connection,
    writeTransaction: (action) =>
      connection.writeTransaction(async (transaction) => {
        const outcome = await action(transaction);
        await pause();
        return outcome;
      }),
  };
}

it("of two banks that bring the same new key at once, only the first gets it", async () => {
  const of = (bank: 1 | 2) => {
    const branch = bank === 1 ? 10 : 20;
    return fileOf([`300|Bank${bank}|S|${branch}`], { feed: "clients", bank });
  };
  let second: Promise<DeliveryResult> | undefined;
  const secondFile = { feed: "clients", bank: "CréditDÉté" };
  await intake.connected((connection) => {
    const holding = pausing(connection, async () => {
      second = intake.load(of(2), secondFile);
      second.catch(() => undefined);
      // Until the second waits for the first one's row.
      const waiting = "select 1 from pg_stat_activity where usename = $1 and wait_event_type = 'Lock'";
      while ((await intake.world.sql(waiting, [intake.login.user])).length === 0);
    });
    const content = {
      async *open() {
        yield Buffer.from(of(1));
        await Promise.resolve();
      },
    };
    return checkAndLoad({
      ...{ delivery: delivery({ feed: "clients" }), content, connection: holding },
      ...{ dryRun: false, ifMissing: "reject", now: NOW },
    });
  });

  await expect(second).rejects.toMatchObject({ name: "ConflictError", retry: true });
  expect(await intake.world.sql("select name, branch_idbranch from client where idclient = 300")).toEqual([
    { name: "Bank1", branch_idbranch: 10 },
  ]);
  expect(await intake.load(of(2), secondFile)).toMatchObject({
    ...{ outcome: "rejected", problems: [{ line: 2, column: "idclient" }] },
  });
});

it("the extract's statement sees each delivery whole or not at all", async () => {
  const statement = readStatement("extract/loan_moving_average.sql");
  const details = Array.from({ length: 2000 }, (_, id) => `${70_000 + id}|1|1000|2026-09-14`);
  const first = fileOf(details, { total: 2000 });
  const changed = details.map((detail) => detail.replace("|1|", "|3|"));
  const second = fileOf(changed, { total: 6000, time: "2026-09-30T23:00:00Z" });

  let isLoading = true;
  const loading = (async () => {
    await intake.load(first);
    await intake.load(second, at("23"));
    isLoading = false;
  })();
  const seen = new Set<string>();
  await intake.connected(async (connection) => {
    while (isLoading) {
      const snapshot = await connection.openSnapshot();
      const rows = await snapshot.query(statement, ["2026-09-01", "2026-09-01"]);
      seen.add(String(rows.reduce((sum, row) => sum + Number(row[6]), 0)));
    }
  });
  await loading;
  expect([...seen].filter((total) => !["0", "2000", "6000"].includes(total))).toEqual([]);
  expect(seen.size).toBeGreaterThan(1);
});

it("every run of an extract beside deliveries publishes whole ones", async () => {
  const amounts = [1, 2, 3, 4, 5, 6, 7, 8];
  const reader = String(intake.world.secret["username"]);
  const reading = "select 1 from pg_stat_activity where usename = $1 and query ~ '\\yloans\\y'";
  const published: string[] = [];
  for (const amount of amounts) {
    const details = Array.from({ length: 2000 }, (_, id) => `${70_000 + id}|${amount}|1000|2026-09-14`);
    const content = fileOf(details, { total: 2000 * amount, time: `2026-09-30T0${amount}:00:00Z` });
    let run: Promise<unknown> | undefined;
    await intake.connected((connection) => {
      // The delivery is committed between two statements of the run, or while one is running.
      const holding = pausing(connection, async () => {
        run = intake.world.run({ month: "2026-09", restate: true, allowEmpty: true });
        // A run may end between two looks.
        const ended = run.then(
          () => true,
          () => true,
        );
        const isReading = async () => (await intake.world.sql(reading, [reader])).length > 0;
        while (!(await Promise.race([ended, isReading()])));
      });
      const open = async function* () {
        yield Buffer.from(content);
        await Promise.resolve();
      };
      return checkAndLoad({
        ...{ delivery: delivery(at(`0${amount}`)), content: { open }, connection: holding },
        ...{ dryRun: false, ifMissing: "reject", now: NOW },
      });
    });
    await run;
    const { totals } = await intake.world.manifest("2026-09");
    published.push(`${totals.loanCount} ${totals.loanTotal}`);
  }
  const whole = ["0 0", ...amounts.map((amount) => `2000 ${2000 * amount}`)];
  expect(published.filter((each) => !whole.includes(each))).toEqual([]);
  expect(new Set(published).size).toBeGreaterThan(1);
});

/** All orders of a few deliveries. */
function ordersOf(all: readonly Sent[]): Sent[][] {
  if (all.length === 0) return [[]];
  return all.flatMap((first, index) =>
    ordersOf(all.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
  );
}

it("deliveries at once have the result of one after the other, in some order", async () => {
  let [races, deliveries, rows] = [0, 0, 0];
  const property = fc.asyncProperty(fc.array(anySent, { minLength: 2, maxLength: 4 }), async (sent) => {
    await intake.reset();
    const load = async (each: Sent): Promise<void> => {
      for (;;) {
        try {
          await intake.connected((connection) => send(connection, each, feeds));
          return;
        } catch (error) {
          if ((error as { retry?: boolean }).retry !== true) throw error;
        }
      }
    };
    await Promise.all(sent.map(load));
    const found = await readTables(intake.world);
    const possible = ordersOf(sent).map((order) => {
      const after = order.reduce((ods: Ods, each) => judge(ods, each, 0).ods, start);
      return tablesOf(after).join("\n");
    });
    expect(possible).toContain(found.join("\n"));
    races += 1;
    deliveries += sent.length;
    rows += found.length;
  });
  await fc.assert(property, { numRuns: RACES, endOnFailure: true });
  tally(
    `${races} races of ${deliveries} deliveries: all ${rows} rows are those of some order, none lost, none doubled`,
  );
}, 1_200_000);
