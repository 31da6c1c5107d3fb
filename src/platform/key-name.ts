/** The form in which keys contain a name: `FirstNational`. */

/**
 * `"first national"` → `FirstNational`, `"O'Brien & Söhne"` → `OBrienSöhne`; the rest of a word keeps its case. A mark
 * counts only behind a letter or digit, and characters that nobody sees, such as a soft hyphen, don't count at all.
 */
export function pascalCase(name: string): string {
  const words = name
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, "")
    .normalize("NFC")
    .match(/[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}]*/gu);
  return (words ?? []).map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join("");
}
