/** Whether a file is the delivery that its name says. */
import type { RecordReader } from "../platform/format/record";
import type { Claim, Identity } from "./layout";

/** A claim that isn't true. */
export interface FalseClaim {
  readonly column: string;
  /** What it should be: `version is not 1`. */
  readonly reason: string;
}

/** Compares what a record claims, which is written correctly, with the file's name. */
export function falseClaims(
  claims: readonly Claim[],
  type: string,
  reader: RecordReader,
  identity: Identity,
): FalseClaim[] {
  return claims
    .filter((claim) => claim.type === type)
    .flatMap(({ column, of, written }) => {
      const { expected, label, why } = meaningOf(of, identity);
      const value = written?.(identity) ?? expected;
      const index = reader.columns.findIndex(({ name }) => name === column);
      const isNumber = (reader.columns[index]?.type ?? "").startsWith("int");
      const text = reader.text(index) ?? "";
      const isTrue = isNumber ? Number(text) === Number(value) : text === value;
      return isTrue ? [] : [{ column, reason: `${label} is not ${value.trim()}${why}` }];
    });
}

function meaningOf(
  of: Claim["of"],
  { feed, version, bankId, bank, businessTime }: Identity,
): { readonly expected: string; readonly label: string; readonly why: string } {
  switch (of) {
    case "feed":
      return { expected: feed, label: "feed", why: ", as the file's name says" };
    case "version":
      return { expected: String(version), label: "version", why: "" };
    case "bank":
      return { expected: String(bankId), label: "bank", why: `, the bank of the folder ${bank}` };
    case "businessTime":
      return { expected: businessTime, label: "business time", why: ", as the file's name says" };
  }
}
