/** What to type in a terminal about months of an extract, as a run, `status` and the report say it. */
import type { Month } from "../platform/month";
import { defaultExtract } from "./definitions";

/** @param extract its name; the default one needs no flag. */
export function monthsCommand(
  command: "extract" | "verify",
  extract: string,
  from: Month,
  to: Month = from,
): string {
  const flag = extract === defaultExtract.name ? "" : ` --extract ${extract}`;
  return `npx bank-batch ${command}${flag} ${monthFlags(from, to)}`;
}

function monthFlags(from: Month, to: Month): string {
  return from === to ? `--month ${from}` : `--from ${from} --to ${to}`;
}
