/** Bytes for `COPY … FROM STDIN` in its text format, with the options {@link copyOptions}. */

/** Fields are separated as in delimited files, so that most of them are copied unchanged. NULL is an empty field. */
export const copyOptions = "(format text, delimiter '|', null '')";

export const SEPARATOR = 0x7c;
export const BACKSLASH = 0x5c;
const LF = 0x0a;
const ZERO = 0x30;

/** More than what is read of a file at a time. */
const CHUNK_BYTES = 128 * 1024;

export class CopyWriter {
  #bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #length = 0;
  readonly #digits = new Uint8Array(20);

  get length(): number {
    return this.#length;
  }

  /** What was appended since the last time. */
  take(): Buffer {
    const length = this.#length;
    this.#length = 0;
    if (length < CHUNK_BYTES / 4) return Buffer.from(this.#bytes.subarray(0, length));
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    return taken;
  }

  /** Makes room. Call it once before the bytes of a record, which are at most `count`. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    const target = this.#bytes;
    let length = this.#length;
    // For the few bytes of a record, a loop is faster than the call of a function outside JavaScript.
    for (let at = start; at < end; at++) target[length++] = source[at] ?? 0;
    this.#length = length;
  }

  /** A whole number that is not negative. */
  integer(value: number): void {
    let count = 0;
    for (let rest = value; ; rest = Math.floor(rest / 10)) {
      this.#digits[count++] = ZERO + (rest % 10);
      if (rest < 10) break;
    }
    while (count > 0) this.byte(this.#digits[--count] ?? 0);
  }

  endField(): void {
    this.byte(SEPARATOR);
  }

  endRecord(): void {
    this.byte(LF);
  }
}
