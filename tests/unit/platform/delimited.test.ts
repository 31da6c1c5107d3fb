import * as fc from "fast-check";

import type { Column, ColumnType } from "../../../src/platform/columns";
import { CopyWriter } from "../../../src/platform/format/copy-writer";
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
    ["int32", "0000000007"],
    ["int32", "-0000000007"],
    ["int64", "9223372036854775807"],
    ["int64", "-9223372036854775808"],
    ["int64", "0000000000000000009"],
    ["decimal(5,2)", "123.45"],
    ["decimal(5,2)", "-0.5"],
    ["decimal(5,2)", "123"],
    ["decimal(5,2)", "-123.45"],
    ["decimal(3,0)", "123"],
    ["date", "1900-01-01"],
    ["date", "2000-02-29"],
    ["date", "2024-02-29"],
    ["date", "2026-02-28"],
    ["date", "2026-04-30"],
    ["date", "9999-12-31"],
    ["timestamp", "2026-09-30T23:59:59Z"],
    ["timestamp", "2026-09-30T00:00:00Z"],
    ["text(3)", "\t\u007f "],
    ["text(3)", "日本語"],
    ["text(3)", "\\p\\\\\\n"],
  ])("of %s may be %j", (type, text) => {
    expect(read(type, text).problems).toEqual([]);
  });

  it.each<[ColumnType, string, readonly string[]]>([
    [
      "int32",
      "expected a whole number from -2147483648 to 2147483647",
      ["2147483648", "-2147483649", "00000000001", "-", "--1", "0x1", "1 ", "1/", "1:", "١"],
    ],
    [
      "int64",
      "expected a whole number of 64 bits",
      ["9223372036854775808", "-9223372036854775809", "00000000000000000001", "1.0", "-", "1/"],
    ],
    [
      "decimal(5,2)",
      "expected a number with at most 3 digits before the point and 2 behind it",
      ["1234", "1234.5", "-1234", "1.234", "1.", ".5", "-.5", "-", "1,5", "1.2.3", "1a.5", "1.a", "NaN"],
    ],
    [
      "decimal(3,0)",
      "expected a number with at most 3 digits before the point and 0 behind it",
      ["1234", "1.0", "1."],
    ],
    [
      "date",
      "expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31",
      [
        "1899-12-31",
        "1900-02-29",
        "2023-02-29",
        "2100-02-29",
        "2024-02-30",
        "2026-04-31",
        "2026-01-32",
        "2026-13-01",
        "2026-00-10",
        "2026-10-00",
        "0000-01-01",
        "2026-9-1",
        "2026-09-1",
        "2026-09-011",
        "2026/09-01",
        "2026-09/01",
        "2026-09-0x",
      ],
    ],
    [
      "timestamp",
      "expected an instant that exists, YYYY-MM-DDTHH:MM:SSZ",
      [
        "2026-09-30T24:00:00Z",
        "2026-09-30T23:60:00Z",
        "2026-09-30T23:59:60Z",
        "2026-09-31T23:59:59Z",
        "2026-09-30 23:59:59Z",
        "2026-09-30T23:59:59+",
        "2026-09-30T23:59:59+02",
        "2026-09-30T23:59Z",
        "2026-09-30T23:59:5xZ",
      ],
    ],
    ["text(3)", "is longer than 3 characters", ["abcd", "日本語日", "\\p\\p\\p\\p"]],
    ["text(3)", "has a backslash that begins no escape: \\p, \\\\, \\n, \\r", ["\\q", "a\\", "\\"]],
    ["text(3)", "has a NUL character", ["a\0"]],
    ["text(3)", "has a carriage return", ["a\r"]],
    ["text(3)", "is empty", [""]],
  ])("of %s is refused with the reason: %s", (type, reason, texts) => {
    expect(texts.map((text) => [text, read(type, text).problems])).toEqual(
      texts.map((text) => [text, [reason]]),
    );
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

describe("a delimited record", () => {
  const format = delimited({
    head: { code: "H", columns: [column("day", "date")] },
    row: {
      code: "RÖ",
      columns: [column("id", "int32"), column("name", "text(9)", true), column("sum", "decimal(9,2)", true)],
    },
  });
  const bytes = Buffer.from("RÖ|7|a\\p\\\\b\\n|-1.5\nH|2026-09-30");
  const end = bytes.indexOf("\n");

  it("is known by its code and the separator behind it", () => {
    expect(format.codes).toEqual(["H|", "RÖ|"]);
    const typeOf = (text: string) => {
      const record = Buffer.from(`|${text}|`);
      return format.typeOf(record, 1, record.length - 1);
    };
    expect(["H|", "RÖ|1", "R|1", "RÖ", "HH|", ""].map(typeOf)).toEqual([
      ...["head", "row", undefined, undefined, undefined, undefined],
    ]);
    expect([format.typeOf(bytes, 0, end), format.typeOf(bytes, end + 1, bytes.length)]).toEqual([
      "row",
      "head",
    ]);
  });

  it("has each field where it is, wherever the record is", () => {
    const { row, head } = format.readers;
    const refuse = (reason: string) => {
      throw new Error(reason);
    };
    expect(row.read(bytes, 0, end, refuse)).toBe(true);
    expect([0, 1, 2].map((at) => row.text(at))).toEqual(["7", "a|\\b\n", "-1.5"]);
    expect([row.units(0), row.units(2)]).toEqual([7, -150n]);
    expect(head.read(bytes, end + 1, bytes.length, refuse)).toBe(true);
    expect(head.text(0)).toBe("2026-09-30");
  });

  it("is copied into PostgreSQL as it is, but for the separator in a text", () => {
    const { row } = format.readers;
    row.read(bytes, 0, end, () => undefined);
    const writer = new CopyWriter();
    row.copyTo(writer);
    row.copyField(1, writer);
    writer.endField();
    row.copyField(0, writer);
    expect(writer.take().toString()).toBe("7|a\\|\\\\b\\n|-1.5\na\\|\\\\b\\n|7");
  });

  it.each([
    ["RÖ|7|a", "has 2 fields behind its code instead of 3"],
    ["RÖ|7|a|1|", "has 4 fields behind its code instead of 3"],
    ["RÖ|", "has 1 fields behind its code instead of 3"],
  ])("with too few or too many fields is refused as a whole: %s", (text, reason) => {
    const problems: unknown[][] = [];
    const { row } = format.readers;
    const record = Buffer.from(text);
    expect(row.read(record, 0, record.length, (...problem) => problems.push(problem))).toBe(false);
    expect(problems).toEqual([[reason]]);
    expect([row.units(0), row.units(2)]).toEqual([undefined, undefined]);
  });

  it("names each field that is wrong, and the next record is judged for itself", () => {
    const problems: string[] = [];
    const { row } = format.readers;
    const judge = (text: string) => {
      const record = Buffer.from(text);
      return row.read(record, 0, record.length, (reason, name) => problems.push(`${name ?? ""} ${reason}`));
    };
    expect(judge("RÖ||0123456789|1.5")).toBe(false);
    expect(problems).toEqual(["id is empty", "name is longer than 9 characters"]);
    expect([row.units(0), row.units(2)]).toEqual([undefined, 150n]);
    expect(judge("RÖ|1||")).toBe(true);
    expect([row.text(1), row.text(2), row.units(0), row.units(2)]).toEqual([null, null, 1, 0]);
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
    // One as long as allowed is whole, also in many chunks.
    expect(await blocks(`${"x".repeat(20)}\ncd\n`, 7, 20)).toEqual([
      { text: `${"x".repeat(20)}\n`, isCut: false },
      { text: "cd\n", isCut: false },
    ]);
    // The end of the long line is the first byte of a chunk.
    expect(await blocks(`${"x".repeat(28)}\ncd\n`, 7, 20)).toEqual([
      { text: "x".repeat(20), isCut: true },
      { text: "cd\n", isCut: false },
    ]);
  });
});
