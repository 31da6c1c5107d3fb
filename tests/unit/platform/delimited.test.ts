import * as fc from "fast-check";

import type { Column, ColumnType } from "../../../src/platform/columns";
import { delimited } from "../../../src/platform/format/delimited";
import { lineBlocks } from "../../../src/platform/format/lines";

const column = (name: string, type: ColumnType, nullable?: true): Column => ({
  ...{ name, type, meaning: name, ...(nullable && { nullable }) },
});

function read(type: ColumnType, text: string) {
  const format = delimited({ row: { code: "R", columns: [column("a", type), column("b", type, true)] } });
  const bytes = Buffer.from(`R|${text}|`);
  const problems: string[] = [];
  const isRight = format.readers.row.read(bytes, 0, bytes.length, (reason) => problems.push(reason));
  expect(isRight).toBe(problems.length === 0);
  return { reader: format.readers.row, problems };
}

describe("a delimited field", () => {
  it.each<[ColumnType, string]>([
    ["int32", "2147483647"],
    ["int32", "-2147483648"],
    ["int32", "007"],
    ["int64", "9223372036854775807"],
    ["int64", "-9223372036854775808"],
    ["decimal(5,2)", "123.45"],
    ["decimal(5,2)", "-0.5"],
    ["decimal(5,2)", "123"],
    ["date", "2000-02-29"],
    ["date", "9999-12-31"],
    ["timestamp", "2026-09-30T23:59:59Z"],
    ["text(3)", "日本語"],
    ["text(3)", "\\p\\\\\\n"],
  ])("of %s may be %j", (type, text) => {
    expect(read(type, text).problems).toEqual([]);
  });

  it.each<[ColumnType, string]>([
    ["int32", "2147483648"],
    ["int32", "-2147483649"],
    ["int32", "0x1"],
    ["int32", "1 "],
    ["int32", "١"],
    ["int64", "9223372036854775808"],
    ["int64", "-9223372036854775809"],
    ["int64", "1.0"],
    ["decimal(5,2)", "1234.5"],
    ["decimal(5,2)", "1.234"],
    ["decimal(5,2)", "1."],
    ["decimal(5,2)", ".5"],
    ["decimal(5,2)", "1,5"],
    ["decimal(5,2)", "1.2.3"],
    ["decimal(5,2)", "NaN"],
    ["date", "1900-02-29"],
    ["date", "2024-02-30"],
    ["date", "2026-9-1"],
    ["date", "2026-00-10"],
    ["date", "2026-10-00"],
    ["date", "0000-01-01"],
    ["timestamp", "2026-09-30T24:00:00Z"],
    ["timestamp", "2026-09-30 23:59:59Z"],
    ["timestamp", "2026-09-30T23:59:60Z"],
    ["timestamp", "2026-09-30T23:59:59+02"],
    ["text(3)", "abcd"],
    ["text(3)", "\\q"],
    ["text(3)", ""],
  ])("of %s may not be %j", (type, text) => {
    expect(read(type, text).problems).toHaveLength(1);
  });

  it("of any text is written and read without loss", () => {
    const escape = (text: string) =>
      text.replaceAll("\\", "\\\\").replaceAll("|", "\\p").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    const texts = fc
      .string({ unit: "binary", minLength: 1, maxLength: 50 })
      .filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.oneof(texts, fc.stringMatching(/^[\\|\n\rpn]{1,20}$/)), (text) => {
        const { reader, problems } = read("text(50)", escape(text));
        expect(problems).toEqual([]);
        expect(reader.text(0)).toBe(text);
      }),
    );
  });

  it("gives its number in units of its last digit", () => {
    expect(read("decimal(9,2)", "-12.5").reader.units(0)).toBe(-1250n);
    expect(read("int32", "-7").reader.units(0)).toBe(-7);
    expect(read("int32", "7").reader.units(1)).toBe(0);
    expect(read("int32", "x").reader.units(0)).toBeUndefined();
    expect(read("int32", "1|2|3").reader.units(0)).toBeUndefined();
  });
});

describe("blocks of lines", () => {
  async function* chunked(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
  const blocks = async (text: string, size: number, limit = 1000) => {
    const found: { text: string; isCut: boolean }[] = [];
    for await (const { bytes, isCut } of lineBlocks(chunked(Buffer.from(text), size), limit)) {
      found.push({ text: bytes.toString(), isCut });
    }
    return found;
  };

  it.each([1, 2, 3, 5, 100])("in chunks of %d bytes have whole lines and all bytes", async (size) => {
    for (const text of ["", "a", "a\n", "\n\n", "ab\ncde\n\nf", "ab\r\nc"]) {
      const found = await blocks(text, size);
      expect(found.map((block) => block.text).join("")).toBe(text);
      const whole = found.slice(0, -1).every((block) => block.text.endsWith("\n") && !block.isCut);
      expect(whole).toBe(true);
    }
  });

  it("cut a line that is too long, and go on with the next one", async () => {
    expect(await blocks(`ab\n${"x".repeat(100)}\ncd\n`, 7, 20)).toEqual([
      { text: "ab\n", isCut: false },
      { text: "x".repeat(20), isCut: true },
      { text: "cd\n", isCut: false },
    ]);
    // The end of the long line is the first byte of a chunk.
    expect(await blocks(`${"x".repeat(28)}\ncd\n`, 7, 20)).toEqual([
      { text: "x".repeat(20), isCut: true },
      { text: "cd\n", isCut: false },
    ]);
  });
});
