/** Numbers, amounts of things and times as the command line words them. */

/** `1 file`, `2 files`, `1,024 files`. */
export function count(number: number, thing: string, things = `${thing}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? thing : things}`;
}

export function megabytes(byteCount: number): string {
  return `${(byteCount / 1e6).toFixed(1)} MB`;
}

/** `0.4 s`, `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

/** Several numbers of things: `3 verified, 1 missing`. Those that are 0 are left out. */
export function tally(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${number.toLocaleString("en")} ${name}`)
    .join(", ");
}

/** How often each text occurs, in the order of the first occurrences. */
export function occurrences(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** `3 months: 2 verified, 1 missing`; `nothing to do` if there are none. */
export function sumOfStates(states: readonly string[], thing: string): string {
  if (states.length === 0) return "nothing to do";
  return `${count(states.length, thing)}: ${tally(occurrences(states))}`;
}
