/**
 * Reads CSV as `csv.ts` writes it, RFC 4180 with LF or CRLF, and keeps the difference that most readers lose: an empty
 * field is no value, `""` is the empty string.
 */
import type { TextRow } from "./parquet";

/** The text is not CSV. The message has the record's number, and never its content. */
export class CsvProblem extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The records in portions, the header line among them.
 *
 * @param maxRecordCharacters bounds the memory for a file from outside, in which a quote may never be closed.
 * @throws CsvProblem if the bytes are not UTF-8 or not CSV, or a record is longer than allowed.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Uint8Array>,
  maxRecordCharacters = Infinity,
): AsyncGenerator<TextRow[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const parser = new Parser(maxRecordCharacters);
  for await (const chunk of chunks) yield parser.parse(decode(decoder, chunk));
  yield parser.parse(decode(decoder), true);
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new CsvProblem("it is not UTF-8");
  }
}

class Parser {
  /** The text of the record that is not complete yet. */
  #text = "";
  /** The position in the text. */
  #at = 0;
  #recordCount = 0;
  #isLast = false;

  constructor(private readonly maxRecordCharacters: number) {}

  /** The records that are complete with this text. */
  parse(text: string, isLast = false): TextRow[] {
    this.#text += text;
    this.#isLast = isLast;
    const records: TextRow[] = [];
    let start = 0;
    this.#at = 0;
    while (start < this.#text.length) {
      const record = this.#record();
      if (record === undefined) break;
      this.#expectLength(this.#at - start);
      records.push(record);
      this.#recordCount += 1;
      start = this.#at;
    }
    this.#text = this.#text.slice(start);
    this.#expectLength(this.#text.length);
    if (isLast && this.#text !== "") throw this.#problem("its last field is cut off");
    return records;
  }

  /** With its line ending, so that it is the same whether the record is complete or not. */
  #expectLength(characters: number): void {
    if (characters > this.maxRecordCharacters)
      throw this.#problem(`it is longer than ${this.maxRecordCharacters} characters`);
  }

  /** Undefined if the text ends before the record does. */
  #record(): TextRow | undefined {
    const record: (string | null)[] = [];
    for (;;) {
      const field = this.#text.charCodeAt(this.#at) === QUOTE ? this.#quoted() : this.#bare();
      if (field === undefined) return undefined;
      record.push(field);
      const end = this.#text.charCodeAt(this.#at);
      if (end === COMMA) {
        this.#at += 1;
        continue;
      }
      if (end === LF || Number.isNaN(end)) {
        // Without a last line feed, the text's end ends the record.
        if (end !== LF && !this.#isLast) return undefined;
        this.#at += 1;
        return record;
      }
      if (this.#at + 1 === this.#text.length && !this.#isLast) return undefined;
      if (end !== CR || this.#text.charCodeAt(this.#at + 1) !== LF)
        throw this.#problem(
          "a field goes on after its closing quote, or has a carriage return without quotes",
        );
      this.#at += 2;
      return record;
    }
  }

  /** A field up to the next comma or end of line. */
  #bare(): string | null {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === COMMA || code === LF || code === CR) break;
      if (code === QUOTE) throw this.#problem("a field without quotes has a quote");
    }
    this.#at = at;
    return at === from ? null : text.slice(from, at);
  }

  /** A field between quotes, undefined if the closing one is not there yet. */
  #quoted(): string | undefined {
    const from = this.#at + 1;
    let close = this.#text.indexOf('"', from);
    let hasQuotes = false;
    while (close !== -1 && this.#text.charCodeAt(close + 1) === QUOTE) {
      hasQuotes = true;
      close = this.#text.indexOf('"', close + 2);
    }
    // A quote at the end of the text may be the first of two.
    if (close === -1 || (close + 1 === this.#text.length && !this.#isLast)) return undefined;
    this.#at = close + 1;
    const field = this.#text.slice(from, close);
    return hasQuotes ? field.replaceAll('""', '"') : field;
  }

  #problem(what: string): CsvProblem {
    return new CsvProblem(`record ${this.#recordCount + 1}: ${what}`);
  }
}
