/** CSV is read as it is written, with the difference between no value and the empty string. */
import fc from "fast-check";

import { CsvWriter } from "../../../src/platform/format/csv";
import { CsvProblem, csvRecords } from "../../../src/platform/format/csv-reader";

async function recordsOf(...chunks: Uint8Array[]): Promise<(string | null)[][]> {
  const records: (string | null)[][] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  for await (const portion of csvRecords(source())) records.push(...portion.map((record) => [...record]));
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
])("a file %s is read", async (_, text, records) => {
  expect(await recordsOf(Buffer.from(text))).toEqual(records);
});

it.each([
  ["a quote that is never closed", 'a\n"b'],
  ["text behind a closing quote", 'a\n"b"c\n'],
  ["a quote inside a field without quotes", 'a\nb"c\n'],
  ["a carriage return without quotes", "a\nb\rc\n"],
])("%s is refused, with the number of its record", async (_, text) => {
  await expect(recordsOf(Buffer.from(text))).rejects.toThrow(CsvProblem);
  await expect(recordsOf(Buffer.from(text))).rejects.toThrow(/^record 2: /);
});

it.each([
  ["Latin-1", Buffer.from("caf\xe9\n", "latin1")],
  ["UTF-8 that is cut off", Buffer.from("a€").subarray(0, 3)],
])("%s is refused", async (_, bytes) => {
  await expect(recordsOf(bytes)).rejects.toThrow("it is not UTF-8");
});
