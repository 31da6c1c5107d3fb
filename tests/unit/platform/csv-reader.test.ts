/** CSV is read as it is written, with the difference between no value and the empty string. */
import fc from "fast-check";

import { CsvWriter } from "../../../src/platform/format/csv";
import { CsvProblem, csvRecords } from "../../../src/platform/format/csv-reader";

async function* source(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

async function recordsOf(...chunks: Uint8Array[]): Promise<(string | null)[][]> {
  const records: (string | null)[][] = [];
  for await (const portion of csvRecords(source(chunks)))
    records.push(...portion.map((record) => [...record]));
  return records;
}

const field = fc.option(
  fc.string({ unit: fc.constantFrom(...Array.from('ab ,;"\n\r\t€𝕊\0')), maxLength: 6 }),
  {
    nil: null,
  },
);

it("any rows are read as they were written, wherever the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 }),
      fc.constantFrom("\n" as const, "\r\n" as const),
      fc.array(fc.nat(), { maxLength: 4 }),
      async (rows, lineEnding, cuts) => {
        const bytes = new CsvWriter(lineEnding).lines(rows);
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(await recordsOf(...chunks)).toEqual(rows);
      },
    ),
    { numRuns: 500 },
  );
});

it.each([
  ["without a last line break", "a,b", [["a", "b"]]],
  ["with an empty last field", "a,", [["a", null]]],
  ["with an empty line", "\n", [[null]]],
  ["without any text", "", []],
  ["with a quoted field at its end", '"a ""b"""', [['a "b"']]],
  ["with the empty string at its end", 'a,""', [["a", ""]]],
  ["with a Windows line break at its end", "a\r\n", [["a"]]],
  ["with a byte order mark, which is part of its first field", "\uFEFFa\n", [["\uFEFFa"]]],
])("a file %s is read", async (_, text, records) => {
  expect(await recordsOf(Buffer.from(text))).toEqual(records);
});

const BEHIND = "a field goes on after its closing quote, or has a carriage return without quotes";

it.each([
  ["a quote that is never closed", 'a\n"b', "its last field is cut off"],
  ["a quote of two that is never closed", 'a\n"b""', "its last field is cut off"],
  ["text behind a closing quote", 'a\n"b"c\n', BEHIND],
  ["a quote inside a field without quotes", 'a\nb"c\n', "a field without quotes has a quote"],
  ["a carriage return without quotes", "a\nb\rc\n", BEHIND],
  ["a carriage return at the end", "a\nb\r", BEHIND],
  ["a carriage return behind a quoted field", 'a\n"b"\rc\n', BEHIND],
])("%s is refused, with the number of its record and without its text", async (_, text, problem) => {
  const reading = recordsOf(Buffer.from(text));
  await expect(reading).rejects.toThrow(CsvProblem);
  await expect(reading).rejects.toThrow(new CsvProblem(`record 2: ${problem}`));
});

it("a record is refused when it is longer than allowed, with its line ending, wherever the chunks end", async () => {
  const read = async (text: string, cutAt: number) => {
    const records: unknown[] = [];
    const chunks = [text.slice(0, cutAt), text.slice(cutAt)].map((each) => Buffer.from(each));
    for await (const portion of csvRecords(source(chunks), 12)) records.push(...portion);
    return records;
  };
  const [right, long] = ['a\n"123456789"\nb', 'a\n"1234567890"\nb'];
  for (let cutAt = 0; cutAt <= long.length; cutAt++) {
    expect(await read(right, cutAt)).toEqual([["a"], ["123456789"], ["b"]]);
    await expect(read(long, cutAt)).rejects.toThrow(
      new CsvProblem("record 2: it is longer than 12 characters"),
    );
  }
});

it("records come as soon as they are complete", async () => {
  const portions: number[] = [];
  const chunks = ["a\nb\nc", "d\n", "e"].map((text) => Buffer.from(text));
  for await (const portion of csvRecords(source(chunks))) portions.push(portion.length);
  expect(portions).toEqual([2, 1, 0, 1]);
});

it.each([
  ["Latin-1", Buffer.from("caf\xe9\n", "latin1")],
  ["UTF-8 that is cut off", Buffer.from("a€").subarray(0, 3)],
])("%s is refused", async (_, bytes) => {
  await expect(recordsOf(bytes)).rejects.toThrow("it is not UTF-8");
});
