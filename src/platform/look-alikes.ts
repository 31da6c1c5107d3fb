/** Whether texts look the same, by Unicode's table of confusable characters. docs/decisions has why it is a table. */
import { alike } from "./look-alikes.json";

/** What each character looks like. */
const prototypes = new Map(
  Object.entries(alike).flatMap(([prototype, characters]) =>
    Array.from(characters, (character) => [character, prototype] as const),
  ),
);

/**
 * The same for texts that look the same; not for reading. It is the skeleton of Unicode UTS #39, section 4, after NFKC,
 * for letters, marks and digits.
 */
export function skeleton(text: string): string {
  return Array.from(
    text.normalize("NFKC").normalize("NFD"),
    (character) => prototypes.get(character) ?? character,
  )
    .join("")
    .normalize("NFD");
}

/** The same for texts that differ only in case, as for file systems that ignore it. */
export function caseless(text: string): string {
  return text.toUpperCase().toLowerCase().normalize("NFD");
}
