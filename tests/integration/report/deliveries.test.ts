/** The report's figures about deliveries that took their whole way, and the page that shows them. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { type DeliveryFigures, readDeliveryFigures } from "../../../report/deliveries";
import type { Month } from "../../../src/platform/month";
import { commandLine } from "../../support/command-line";
import { DeliveryWorld } from "../../support/delivery-world";
import { fileOf } from "../../support/intake-world";

jest.setTimeout(60_000);

let world: DeliveryWorld;
let figures: DeliveryFigures | undefined;
const environment = { ...process.env };
beforeAll(async () => {
  world = await DeliveryWorld.create();
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, "write").mockReturnValue(true);
  await deliverAll();
  const months = ["2024-04" as Month, "2024-05" as Month].map((month) => ({ month, files: [paperBank] }));
  figures = await world.byHand((edge) => readDeliveryFigures(months, edge));
});
afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  await world.close();
});

const paperBank = { bankId: 9, bankName: "Paper Bank", key: "", status: "published" as const };

async function send(
  day: string,
  details: readonly string[],
  options: { total: number; feed?: string; count?: number },
) {
  const { feed = "loans" } = options;
  const key = `landing/FirstNational/${feed}_${day.replaceAll("-", "")}T220000Z.dat`;
  await world.run(await world.deliver(key, fileOf(details, { ...options, time: `${day}T22:00:00Z` })));
}

async function deliverAll(): Promise<void> {
  await send("2024-04-30", ["1|10|1000|", "2|20|1000|"], { total: 30 });
  await send("2024-05-02", ["1|10|1000|", "2|21|1000|", "3|1|1000|"], { total: 32 });
  // The same content again.
  await send("2024-05-02", ["1|10|1000|", "2|21|1000|", "3|1|1000|"], { total: 32 });
  // Older than what is there.
  await send("2024-05-01", ["3|9|1000|"], { total: 9 });
  // Rejected for the same reason, with other numbers, and for two others.
  await send("2024-05-03", ["4|1|1000|"], { total: 1, count: 2 });
  await send("2024-05-06", ["4|1|1000|"], { total: 1, count: 7 });
  await send("2024-05-07", ["4|x|1000|2024-02-30"], { total: 1 });
  await send("2024-05-03", ["300|Placeholder|S|99"], { total: 0, feed: "clients" });
  // Behind the range.
  await send("2024-06-03", ["8|1|1000|"], { total: 1 });
}

it("adds up what was loaded, and counts what was not", () => {
  expect(figures?.volumes.filter(({ bank }) => bank === "FirstNational")).toMatchObject([
    { feed: "clients", accepted: 0, rejected: 1, records: 0 },
    { feed: "accounts", accepted: 0, rejected: 0, records: 0, late: 0, missing: 45 },
    {
      ...{ feed: "loans", accepted: 4, rejected: 3, failed: 0, late: 3 },
      ...{ records: 6, inserted: 3, updated: 1, same: 1, stale: 1, leftOut: 0 },
    },
  ]);
});

it("counts reasons, whatever numbers they have, the most frequent first", () => {
  const [first, ...others] = figures?.reasons ?? [];
  const records = { feed: "loans", column: "records", files: 2, problems: 2 };
  expect(first).toEqual({ ...records, reason: "the trailer's number of details is …, the records give …" });
  const once = { files: 1, problems: 1 };
  expect(new Set(others)).toEqual(
    new Set([
      {
        feed: "loans",
        column: "amount",
        reason: "expected a whole number from -2147483648 to 2147483647",
        ...once,
      },
      {
        ...{ feed: "loans", column: "loan_date", ...once },
        reason: "expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31",
      },
      {
        ...{ feed: "loans", column: "total", ...once },
        reason: "the control total can't be checked, because not every record's can be read",
      },
      {
        ...{ feed: "clients", column: "branch_idbranch", ...once },
        reason: "refers to a row of branch that doesn't exist",
      },
    ]),
  );
});

it("lists what was late or missing, of each bank that is expected to deliver", () => {
  const of = (bank: string, feed: string) =>
    figures?.overdue.filter((each) => each.bank === bank && each.feed === feed) ?? [];
  // April and May 2024 have 22 and 23 days from Monday to Friday; the list of holidays begins in 2026.
  const all = { day: "2024-04-01", lastDay: "2024-05-31", days: 45, arrivedAt: undefined };
  expect([of("PaperBank", "loans"), of("PaperBank", "clients")]).toMatchObject([[all], [all]]);
  const missing = of("FirstNational", "loans").filter(({ arrivedAt }) => arrivedAt === undefined);
  expect(missing).toMatchObject([
    { day: "2024-05-08", lastDay: "2024-05-31", days: 18 },
    { day: "2024-04-01", lastDay: "2024-04-29", days: 21 },
  ]);
  const late = of("FirstNational", "loans").filter(({ arrivedAt }) => arrivedAt !== undefined);
  expect(late.map(({ day, dueAt }) => [day, dueAt])).toEqual([
    ["2024-05-02", "2024-05-03T06:00:00.000Z"],
    ["2024-05-01", "2024-05-02T06:00:00.000Z"],
    ["2024-04-30", "2024-05-01T06:00:00.000Z"],
  ]);
});

it("are on the page, without any record", async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), "report-"));
  const file = path.join(directory, "report.html");
  const settings = { ...world.world.environment, ...world.environment, AWS_SDK_UA_APP_ID: "test" };
  const flags = ["report", "--from", "2024-04", "--to", "2024-05", "--output", file];
  const { exitCode, stderr } = await commandLine(flags, settings);
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("made from 0 published files")]);
  const html = await readFile(file, "utf8");
  const texts = ["the trailer's number of details is …", "2024-05-02 06:00 UTC", "FirstNational loans"];
  expect(texts.filter((text) => !html.includes(text))).toEqual([]);
  expect(html.includes("Placeholder")).toBe(false);

  const without = await commandLine(flags, { ...settings, INTAKE_BUCKET: undefined });
  expect(without.exitCode).toBe(0);
  expect((await readFile(file, "utf8")).includes("Deliveries")).toBe(false);
  await rm(directory, { recursive: true });
});
