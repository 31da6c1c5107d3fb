/** Where a run was when its time limit was reached, as its error says. */
import { Progress, type RunEvent } from "../../../src/extract/events";
import type { Month } from "../../../src/platform/month";

const month = "2026-09" as Month;
const reading = (bank: string, rowCount: number): RunEvent => ({
  ...{ step: "reading", month, bank, rowCount, byteCount: 1 },
});
const made = (step: "staged" | "compared", bank: string): RunEvent => ({
  ...{ step, month, bank, key: "", rowCount: 1, byteCount: 1, totals: {} },
});
const connected: RunEvent = { step: "connected", host: "db", database: "loans" };
const done: RunEvent = {
  ...{ step: "done", dryRun: false, month, status: "published", revision: 1, manifest: "" },
  ...{ files: [], totals: {} },
};

it.each<[readonly RunEvent[], string]>([
  [[], "before the connection was open"],
  [[connected], "while the database was computing"],
  [[connected, reading("First", 10), reading("First", 20)], "at row 20 of First, 2026-09"],
  [[reading("First", 10), made("staged", "First")], "after First, 2026-09, which was not published"],
  [[reading("First", 10), made("compared", "First")], "after First, 2026-09, which was not published"],
  // The file that hangs is the one that was begun first.
  [[reading("First", 10), reading("Second", 5), made("staged", "Second")], "at row 10 of First, 2026-09"],
  [[reading("First", 10), made("staged", "First"), reading("Second", 5)], "at row 5 of Second, 2026-09"],
  [[{ step: "reconciled", month }], "while publishing 2026-09, which the next run finishes"],
  [[done], "after 2026-09"],
])("case %#: %j", (events, place) => {
  const progress = new Progress();
  for (const event of events) progress.observe(event);
  expect(progress.describe()).toBe(place);
});
