/**
 * Makes src/platform/look-alikes.json from Unicode's table of confusable characters (UTS #39):
 *
 *     node scripts/look-alikes.mjs confusables.txt > src/platform/look-alikes.json
 *
 * The table is https://www.unicode.org/Public/security/latest/confusables.txt. Only letters, marks and digits that
 * normalisation (NFKC) leaves as they are can be in a key, which is less than a third of it. Run it with the Node.js
 * release that has the latest Unicode: an older one doesn't know the newest letters.
 */
import { readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("expected the path of confusables.txt");
const text = readFileSync(file, "utf8");
const unicode = /^# Version: (\S+)/m.exec(text)?.[1];
if (unicode === undefined) throw new Error(`${file} has no version: is it Unicode's confusables.txt?`);

const characters = (codePoints) =>
  String.fromCodePoint(...codePoints.split(" ").map((each) => Number.parseInt(each, 16)));

function canBeInKey(character) {
  return (
    /^[\p{L}\p{M}\p{Nd}]$/u.test(character) &&
    !/\p{Default_Ignorable_Code_Point}/u.test(character) &&
    character.normalize("NFD") === character &&
    character.normalize("NFKD") === character
  );
}

/** By what a character looks like: all characters that look so, one after the other. */
const alike = {};
for (const [, source, target] of text.matchAll(/^([0-9A-F]+) ;\t([0-9A-F ]+) ;\tMA\t/gm)) {
  const [character, prototype] = [characters(source), characters(target)];
  if (canBeInKey(character)) alike[prototype] = (alike[prototype] ?? "") + character;
}

const notice = "Copyright Unicode, Inc. Terms of use: https://www.unicode.org/license.txt";
const ascii = JSON.stringify({ notice, unicode, alike }, undefined, 2).replace(
  /[^\x20-\x7e\n]/g,
  (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
);
process.stdout.write(`${ascii}\n`);
