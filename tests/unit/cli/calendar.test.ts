/** The calendar of `status`, character by character. */
import { calendar } from "../../../cli/calendar";
import { addMonths, type Month } from "../../../src/platform/month";
import type { FileStatus, MonthStatus } from "../../../src/extract/status";

const plain = (_: unknown, text: string) => text;

function month(
  text: string,
  status: MonthStatus["status"],
  files: Record<number, FileStatus["status"]> = {},
  revision = 1,
): MonthStatus {
  return {
    month: text as Month,
    status,
    ...(status === "published" && { revision }),
    manifest: "",
    problems: [],
    files: Object.entries(files).map(([id, each]) => ({
      bankId: Number(id),
      bankName: ["", "First National", "東京銀行", "Late"][Number(id)] ?? "",
      key: "",
      status: each,
    })),
  };
}

it("the calendar has a line per bank, a column per month, and a legend for the signs that occur", () => {
  const months = [
    month("2025-11", "published", { 1: "published", 2: "published" }),
    month("2025-12", "missing"),
    month("2026-01", "published", { 1: "published", 2: "unverified", 3: "published" }, 2),
    month("2026-02", "unreadable"),
    month("2026-03", "published", { 1: "verified", 2: "damaged", 3: "verified" }, 13),
  ];
  expect(calendar(months, plain)).toBe(`\
               2025    2026
               11  12  01  02  03
First National ●   –   ●2  !   ✓13
東京銀行       ●   –   ?2  !   ✗13
Late           ·   –   ●2  !   ✓13

● published
✓ published, and every byte is as it was
? published, but the key holds another version, or none
✗ published, but gone or not what its manifest says
! the manifest can't be read
– not published
· published without this bank
2 the revision, where it is not the first
`);
});

it("the calendar has one line if nothing is published, and starts a new block after twelve months", () => {
  const months = Array.from({ length: 14 }, (_, index) =>
    month(addMonths("2025-06" as Month, index), "missing"),
  );
  expect(calendar(months, plain)).toBe(`\
        2025                        2026
        06  07  08  09  10  11  12  01  02  03  04  05
no bank –   –   –   –   –   –   –   –   –   –   –   –

        2026
        06  07
no bank –   –

– not published
`);
});

it("the calendar's colours don't change the width of a column", () => {
  const painted = calendar(
    [month("2026-01", "published", { 1: "published", 2: "unverified" }, 2)],
    (colour, text) => (colour === "green" ? `\u001b[32m${text}\u001b[39m` : text),
  );
  expect(painted).toContain("First National \u001b[32m●\u001b[39m2\n");
});

it("the calendar fits 80 columns, however long a bank's name is and however high its revision", () => {
  const months = Array.from({ length: 12 }, (_, index) => ({
    ...month(addMonths("2025-12" as Month, index), "published", { 1: "published", 2: "published" }, 120),
  }));
  const long = months.map((each) => ({
    ...each,
    files: each.files.map((file, at) => ({ ...file, bankName: (at === 0 ? "銀" : "Bank ").repeat(20) })),
  }));
  const lines = calendar(long, plain).split("\n");
  const columnsOf = (line: string) => line.length + (line.match(/銀/g)?.length ?? 0);
  expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(80);
  expect(lines[0]).toBe(`${" ".repeat(32)}'25 2026`);
  expect(lines[2]).toMatch(/^銀{15}… ●\+\+ ●\+\+/);
});

it("stale months are marked below the banks", () => {
  const months = [
    month("2026-01", "published", { 1: "published" }),
    { ...month("2026-02", "published", { 1: "published" }), stale: true as const },
  ];
  expect(calendar(months, plain)).toContain(`
First National ●   ●
                   ≠

● published
≠ stale: an earlier month of its window was restated later
`);
});
