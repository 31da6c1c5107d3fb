/** Exact arithmetic on the amounts in the files, in whole hundredths; never in floating point. */

/** An amount in hundredths of the currency unit. */
export type Hundredths = bigint;

/** A file's field; undefined if it is empty. @throws SyntaxError if it is not an amount with at most 2 decimals. */
export function parseHundredths(text: string): Hundredths | undefined {
  if (text === "") return undefined;
  const [, sign = "", whole = "", decimals = ""] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (whole === "") throw new SyntaxError(`${JSON.stringify(text)} is not an amount`);
  return BigInt(`${sign}${whole}${decimals.padEnd(2, "0")}`);
}

/** A quotient, rounded half away from zero like PostgreSQL's `numeric`. */
export function quotient(dividend: bigint, divisor: bigint): bigint {
  const [size, by] = [absolute(dividend), absolute(divisor)];
  const rounded = (2n * size + by) / (2n * by);
  return dividend < 0n === divisor < 0n ? rounded : -rounded;
}

export function absolute(number: bigint): bigint {
  return number < 0n ? -number : number;
}

const wholeNumbers = new Intl.NumberFormat("en");
const amounts = new Intl.NumberFormat("en", { minimumFractionDigits: 2 });

export function formatWhole(number: bigint | number): string {
  return wholeNumbers.format(number);
}

/** With 2 decimals and separators between thousands. */
export function formatHundredths(value: Hundredths): string {
  return amounts.format(decimalText(value));
}

/** A number before and after, with the difference; or `same` if they are equal. */
export function formatChange(before: bigint, after: bigint, what: string, same: string): string {
  if (before === after) return same;
  const sign = after > before ? "+" : "−";
  return `${formatWhole(before)} → ${formatWhole(after)} ${what} (${sign}${formatWhole(absolute(after - before))})`;
}

/** A change given in tenths of a percent, with its sign. */
export function formatPercent(perMille: bigint): string {
  const digits = String(absolute(perMille)).padStart(2, "0");
  const sign = perMille > 0n ? "+" : perMille < 0n ? "−" : "";
  return `${sign}${digits.slice(0, -1)}.${digits.slice(-1)} %`;
}

/** Only for drawing: the result may be inexact. */
export function toNumber(value: Hundredths): number {
  return Number(decimalText(value));
}

function decimalText(value: Hundredths): `${number}` {
  const digits = String(absolute(value)).padStart(3, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}` as `${number}`;
}
