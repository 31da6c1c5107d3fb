/** Words of a POSIX shell, for commands and settings that a person copies into one. */

export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
