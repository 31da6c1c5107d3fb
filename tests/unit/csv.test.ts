import { csvHeader, csvLines } from "../../src/csv";

const text = (row: (string | null)[], lineEnding: "\n" | "\r\n" = "\n") =>
  csvLines([row], lineEnding).toString();

describe("CSV", () => {
  it.each([
    ["a comma", "a,b", '"a,b"'],
    ["a quote", 'a "b"', '"a ""b"""'],
    ["a line feed", "a\nb", '"a\nb"'],
    ["a carriage return", "a\rb", '"a\rb"'],
    ["a line break of Windows", "a\r\nb", '"a\r\nb"'],
    ["spaces at both ends", "  a ", "  a "],
    ["accents", "Ünïcödé €", "Ünïcödé €"],
    ["the empty string", "", '""'],
    ["NULL", null, ""],
    ["a formula", "=1+1", "=1+1"],
    ["a negative number", "-1.50", "-1.50"],
    ["the word null", "null", "null"],
  ])("writes %s", (_, field, written) => {
    expect(text([field])).toBe(`${written}\n`);
    expect(text(["x", field, "y"])).toBe(`x,${written},y\n`);
    expect(text(["x", field, "y"], "\r\n")).toBe(`x,${written},y\r\n`);
  });

  it("has a header line without a byte order mark, and ends every line", () => {
    expect(csvHeader(["a", "b"], "\n")).toEqual(Buffer.from([0x61, 0x2c, 0x62, 0x0a]));
    expect(csvLines([["1"], ["2"]], "\r\n").toString()).toBe("1\r\n2\r\n");
  });
});
