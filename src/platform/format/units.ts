/** Exact sums of numbers: as whole numbers of units of their last digit. */
import { type ColumnType, scaleOf } from "../columns";

/** A number of the type as PostgreSQL writes it, in units of the type's last digit: `-12.5` of `decimal(9,2)` is -1250. */
export function decimalUnits(text: string, type: ColumnType): bigint {
  const [whole = "", decimals = ""] = text.split(".");
  return BigInt(whole + decimals.padEnd(scaleOf(type), "0"));
}

/** Units of the last of `scale` decimals as PostgreSQL writes the number: -1250 with 2 decimals is `-12.50`. */
export function unitsText(units: bigint, scale: number): string {
  if (scale === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Adds numbers up: small ones as numbers, which is fast, and their sums as bigint, which is exact. */
export class UnitSum {
  #exact = 0n;
  #small = 0;

  add(units: number | bigint): void {
    if (typeof units === "bigint") {
      this.#exact += units;
      return;
    }
    // One of 53 bits and one of 32 have an exact sum in between.
    this.#small += units;
    if (Math.abs(this.#small) > SMALL_LIMIT) {
      this.#exact += BigInt(this.#small);
      this.#small = 0;
    }
  }

  get total(): bigint {
    return this.#exact + BigInt(this.#small);
  }

  reset(): void {
    this.#exact = 0n;
    this.#small = 0;
  }
}

const SMALL_LIMIT = 2 ** 52;
