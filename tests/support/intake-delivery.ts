/** Deliveries for tests: their names and their files. */
import { type Delivery, parseDeliveryName } from "../../src/intake/delivery";

/** After every delivery of the tests. */
export const NOW = new Date("2026-11-20T12:00:00Z");

export interface SentFile {
  readonly bank?: string;
  readonly feed?: string;
  /** `20260930T220000`. */
  readonly time?: string;
  readonly gzip?: boolean;
}

export function delivery({
  bank = "FirstNational",
  feed = "loans",
  time = "20260930T220000",
  gzip = false,
}: SentFile): Delivery {
  const parsed = parseDeliveryName(`landing/${bank}/${feed}_${time}Z.dat${gzip ? ".gz" : ""}`);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}

/** A delimited file of details, with the header and the trailer that belong to it. */
export function fileOf(
  details: readonly string[],
  {
    feed = "loans",
    bank = 1,
    time = "2026-09-30T22:00:00Z",
    total = 0,
    count = details.length,
    end = "\n",
  } = {},
): string {
  const lines = [
    `H|${feed}|1|${bank}|${time}`,
    ...details.map((detail) => `D|${detail}`),
    `T|${count}|${total}`,
  ];
  return lines.map((line) => `${line}${end}`).join("");
}
