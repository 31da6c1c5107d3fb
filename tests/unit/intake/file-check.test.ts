/** Lines of a file: how they end, how long they may be, and in which characters they are. */
import type { Feed } from "../../../src/intake/feed";
import { feedNamed } from "../../../src/intake/feeds";
import { FileCheck, MAX_LINE_BYTES } from "../../../src/intake/file-check";
import { Findings, KEPT } from "../../../src/intake/findings";
import { delivery } from "../../support/intake-delivery";

function feed(name: string): Feed {
  const found = feedNamed(name);
  if (found === undefined) throw new Error(`there is no feed ${name}`);
  return found;
}

/** Reads a file of loans of the bank 1, in blocks. */
function check(blocks: readonly (string | Buffer)[], name = "loans") {
  const findings = new Findings();
  const accepted: number[] = [];
  const expected = { feed: feed(name), delivery: delivery({ feed: name }), bankId: 1 };
  const file = new FileCheck(expected, findings, (line) => accepted.push(line));
  for (const block of blocks) file.block({ bytes: Buffer.from(block), isCut: false });
  file.end();
  const problems = findings.problems.map(({ line, reason }) => [line, reason]);
  return { problems, accepted, records: file.records };
}

const HEADER = "H|loans|1|1|2026-09-30T22:00:00Z";
const LOAN = "D|70001|5|1000|2026-09-14";
const TRAILER = "T|1|5";

describe("the lines of a file", () => {
  it.each(["\n", "\r\n"])("may end with %j, the last one without it", (end) => {
    for (const last of [end, ""]) {
      const { problems, accepted } = check([`${[HEADER, LOAN, TRAILER].join(end)}${last}`]);
      expect([problems, accepted]).toEqual([[], [2]]);
    }
  });

  it("end as the first one does, in every block of the file", () => {
    const other = "ends in another way than the first line";
    expect(check([`${HEADER}\r\n`, `${LOAN}\r\n`, `${TRAILER}\r\n`]).problems).toEqual([]);
    expect(check([`${HEADER}\r\n`, `${LOAN}\n`, `${TRAILER}\r\n`]).problems).toEqual([[2, other]]);
    expect(check([`${HEADER}\n`, `${LOAN}\n`, `${TRAILER}\r\n`]).problems).toContainEqual([
      3,
      `the trailer ${other}`,
    ]);
  });

  it("may have as many bytes as the longest, and no more", () => {
    const long = (bytes: number) => `D|${"7".repeat(bytes - 2)}`;
    const reasonOf = (line: string, end = "\n") =>
      check([`${HEADER}${end}`, `${line}${end}`]).problems.find(([number]) => number === 2)?.[1];
    for (const end of ["\n", "\r\n"]) {
      expect(reasonOf(long(MAX_LINE_BYTES), end)).toBe("has 1 fields behind its code instead of 4");
      expect(reasonOf(long(MAX_LINE_BYTES + 1), end)).toBe("the line is longer than 65536 bytes");
    }
  });

  it("are long by themselves, not by their place in the file", () => {
    const short = Array.from({ length: 3000 }, (_, at) => `D|${80_000 + at}|0|1000|2026-09-14`);
    const { problems, accepted } = check([[HEADER, ...short, "T|3000|0", ""].join("\n")]);
    expect([problems, accepted.length]).toEqual([[], 3000]);
  });

  it("are UTF-8: a line that is not is named, and those beside it are read", () => {
    const client = (id: number, name: string, encoding: BufferEncoding) =>
      Buffer.from(`D|${id}|${name}|S|10\n`, encoding);
    const header = Buffer.from("H|clients|1|1|2026-09-30T22:00:00Z\n");
    const details = [client(300, "Zoë", "utf8"), client(301, "Zoë", "latin1"), client(302, "Zoë", "utf8")];
    const { problems, accepted } = check(
      [Buffer.concat([header, ...details, Buffer.from("T|2|0\n")])],
      "clients",
    );
    expect([problems, accepted]).toEqual([[[3, "the line is not UTF-8"]], [2, 4]]);
  });

  it("that begin with nothing are empty, and a file without any is empty", () => {
    expect(check([`${HEADER}\n\n${LOAN}\n${TRAILER}\n`]).problems).toEqual([[2, "the line is empty"]]);
    expect(check([]).problems).toEqual([[undefined, "the file is empty"]]);
  });
});

describe("the rows of a file", () => {
  it("are counted, right or wrong, and the total is that of the right ones", () => {
    const lines = [HEADER, LOAN, "D|70002|x|1000|", "D|70003||1000|", "D|70004|-7|1000|", "T|4|-2"];
    const { records, accepted, problems } = check([lines.join("\n")]);
    expect([records.rowCount, records.acceptedTotal, accepted]).toEqual([4, -2n, [2, 4, 5]]);
    expect(records.wrongKeys).toEqual([{ line: 3, key: "70002" }]);
    expect(records.fileFigures).toEqual([
      { name: "number of details", stated: "4", found: "4" },
      { name: "control total", stated: "-2" },
    ]);
    expect(problems.at(-1)?.[1]).toContain("control total can't be checked");
  });

  it("have as their total 0 where the feed has none", () => {
    const lines = ["H|clients|1|1|2026-09-30T22:00:00Z", "D|300|N|S|10", "T|1|0"];
    const { records, problems } = check([lines.join("\n")], "clients");
    expect([records.acceptedTotal, problems]).toEqual([0n, []]);
  });

  it("that are wrong have their keys kept, where they can be read, up to 1,000 of them", () => {
    const wrong = Array.from({ length: KEPT + 5 }, (_, at) => `D|${at === 1 ? "x" : at}|0|1000|never`);
    const { records } = check([[HEADER, ...wrong].join("\n")]);
    expect(records.wrongKeys).toHaveLength(KEPT);
    expect(records.wrongKeys.slice(0, 2)).toEqual([
      { line: 2, key: "0" },
      { line: 4, key: "2" },
    ]);
    expect(records.wrongKeys.at(-1)).toEqual({ line: KEPT + 2, key: String(KEPT) });
  });
});
