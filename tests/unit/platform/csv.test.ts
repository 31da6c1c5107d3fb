import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { stringify } from "csv-stringify/sync";
import fc from "fast-check";

import { CsvWriter, type LineEnding } from "../../../src/platform/format/csv";

const text = (row: (string | null)[], lineEnding: LineEnding = "\n") =>
  new CsvWriter(lineEnding).lines([row]).toString();

describe("CSV", () => {
  it.each([
    ["a comma", "a,b", '"a,b"'],
    ["a quote", 'a "b"', '"a ""b"""'],
    ["a line feed", "a\nb", '"a\nb"'],
    ["a carriage return", "a\rb", '"a\rb"'],
    ["a Windows line break", "a\r\nb", '"a\r\nb"'],
    ["spaces at both ends", "  a ", "  a "],
    ["accents", "Ünïcödé €", "Ünïcödé €"],
    ["the empty string", "", '""'],
    ["NULL", null, ""],
    ["a formula", "=1+1", "=1+1"],
    ["a negative number", "-1.50", "-1.50"],
    ["the word null", "null", "null"],
    ["a line feed at the end", "a\n", '"a\n"'],
  ])("writes %s", (_, field, written) => {
    expect(text([field])).toBe(`${written}\n`);
    expect(text(["x", field, "y"])).toBe(`x,${written},y\n`);
    expect(text(["x", field, "y"], "\r\n")).toBe(`x,${written},y\r\n`);
  });

  it("has no byte order mark, and ends every line with a line break", () => {
    expect(new CsvWriter("\n").lines([["a", "b"]])).toEqual(Buffer.from([0x61, 0x2c, 0x62, 0x0a]));
    expect(new CsvWriter("\r\n").lines([["1"], ["2"]]).toString()).toBe("1\r\n2\r\n");
  });

  it("equals csv-stringify's output for any rows, including rows with repeated fields", () => {
    const field = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('ab1 ,;"\n\r\t-+=._é€𝕊')), maxLength: 6 }),
      fc.constantFrom(null, "a,b", "plain"),
    );
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 2000 });
    fc.assert(
      fc.property(rows, fc.constantFrom<LineEnding>("\n", "\r\n"), (made, lineEnding) => {
        const whole = stringify(made, {
          record_delimiter: lineEnding,
          quote_record_delimiter: true,
          cast: { string: (value) => (value === "" ? { value, quoted_empty: true } : value) },
        });
        expect(new CsvWriter(lineEnding).lines(made).toString()).toBe(whole);
      }),
    );
  });

  it("keeps only a few quoted fields in memory", () => {
    const writer = new CsvWriter("\n");
    const before = usedBytes();
    const fieldBytes = 1000;
    for (let number = 0; number < 80_000; number++) writer.lines([[`${number},`.padEnd(fieldBytes, "x")]]);
    // All of them would take 160 MB: each field once as it is and once as written.
    expect(usedBytes() - before).toBeLessThan(60_000_000);
    expect(writer.lines([["a,b"]]).toString()).toBe('"a,b"\n');
  });
});

function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("a long text", () => {
  it("is written whole, plain or not", () => {
    const plain = "x".repeat(32 * 1024 * 1024);
    const writer = new CsvWriter("\n");
    expect(writer.lines([[plain]]).byteLength).toBe(plain.length + 1);
    expect(writer.lines([[`${plain},`]]).byteLength).toBe(plain.length + 4);
  });

  it("is not kept for the next rows", () => {
    const writer = new CsvWriter("\n");
    const before = usedBytes();
    for (let row = 0; row < 500; row += 1) writer.lines([[`${row},${"x".repeat(100_000)}`]]);
    expect(usedBytes() - before).toBeLessThan(10_000_000);
    expect(writer.lines([["a,b"]]).toString()).toBe('"a,b"\n');
  });
});
