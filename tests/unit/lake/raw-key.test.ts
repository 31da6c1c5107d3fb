import { parseRawKey, processedKey, reportKey } from "../../../src/lake/refine/raw-key";
import type { Month } from "../../../src/platform/month";

describe("the key of a tenant's own file", () => {
  it.each<[string, ReturnType<typeof parseRawKey>]>([
    ["raw/transactions/2026-09-14.csv", { dataset: "transactions", isGzip: false, isCsv: true }],
    ["raw/transactions/new/a.csv.gz", { dataset: "transactions", isGzip: true, isCsv: true }],
    ["raw/transactions/a.gz", { dataset: "transactions", isGzip: true, isCsv: false }],
    ["raw/transactions/a.csv.zip", { dataset: "transactions", isGzip: false, isCsv: false }],
    ["raw/transactions/", { dataset: undefined, isGzip: false, isCsv: false }],
    ["raw//a.csv", { dataset: undefined, isGzip: false, isCsv: true }],
    ["raw/transactions/a.CSV", { dataset: "transactions", isGzip: false, isCsv: false }],
    ["raw/transactions/acsv", { dataset: "transactions", isGzip: false, isCsv: false }],
    ["raw/transactions/a.csvgz", { dataset: "transactions", isGzip: false, isCsv: false }],
    ["raw/a.csv", { dataset: undefined, isGzip: false, isCsv: true }],
    ["processed/raw/transactions/a.csv", { dataset: undefined, isGzip: false, isCsv: true }],
  ])("%s", (key, expected) => {
    expect(parseRawKey(key)).toEqual(expected);
  });
});

it("what is made of a file has a key by its content, and a report one by the file's version", () => {
  expect(processedKey("transactions", "2026-09" as Month, "abc")).toBe(
    "processed/transactions/year=2026/month=09/abc.ndjson",
  );
  const [one, other] = ["1", "2"].map((version) => reportKey("raw/transactions/a.csv", version));
  expect(one).toMatch(/^rejected\/transactions\/a\.csv\.[0-9a-f]{16}\.report\.json$/);
  expect(other).not.toBe(one);
});
