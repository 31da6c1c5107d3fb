import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import table from "../../../src/platform/look-alikes.json";
import { caseless, skeleton } from "../../../src/platform/look-alikes";
import { ROOT } from "../../support/root";

describe("the table of characters that look alike", () => {
  const characters = Object.values(table.alike).flatMap((each) => Array.from(each));

  it("has each character once, and no character that normalisation has replaced already", () => {
    expect(characters.length).toBeGreaterThan(2000);
    expect(new Set(characters).size).toBe(characters.length);
    expect(characters.filter((each) => each.normalize("NFKD") !== each)).toEqual([]);
  });

  it("is made by its script from Unicode's file, with only the characters that a key can contain", () => {
    const directory = mkdtempSync(path.join(tmpdir(), "look-alikes-"));
    try {
      const file = path.join(directory, "confusables.txt");
      const lines = [
        "# Version: 17.0.0",
        "0410 ;\t0041 ;\tMA\t# ( А → A ) CYRILLIC CAPITAL LETTER A → LATIN CAPITAL LETTER A\t# ",
        "0391 ;\t0041 ;\tMA\t# ( Α → A ) GREEK CAPITAL LETTER ALPHA → LATIN CAPITAL LETTER A\t# →А→",
        "1D400 ;\t0041 ;\tMA\t# ( 𝐀 → A ) MATHEMATICAL BOLD CAPITAL A → LATIN CAPITAL LETTER A\t# ",
        "2013 ;\t002D ;\tMA\t#* ( – → - ) EN DASH → HYPHEN-MINUS\t# ",
        "006D ;\t0072 006E ;\tMA\t# ( m → rn ) LATIN SMALL LETTER M → LATIN SMALL LETTER R, N\t# ",
      ];
      writeFileSync(file, lines.join("\n"));
      const made = execFileSync(process.execPath, [path.join(ROOT, "scripts/look-alikes.mjs"), file], {
        encoding: "utf8",
      });
      expect(JSON.parse(made)).toEqual({
        notice: table.notice,
        unicode: "17.0.0",
        alike: { A: "АΑ", rn: "m" },
      });
      // eslint-disable-next-line no-control-regex -- everything but ASCII is escaped
      expect(made).toMatch(/^[\x00-\x7f]*$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

it.each([
  ["Alpha", "Аlpha"],
  ["Söhne", "Sӧhne"],
  ["m", "rn"],
  ["Ａlpha", "Alpha"],
  ["é", "e\u0301"],
])("%s and %s have the same skeleton", (one, other) => {
  expect(skeleton(one)).toBe(skeleton(other));
});

it.each([
  ["Alpha", "alpha"],
  ["Alpha", "Alphа́"],
  ["銀行", "銀河"],
])("%s and %s have different skeletons", (one, other) => {
  expect(skeleton(one)).not.toBe(skeleton(other));
});

it.each([
  ["Straße", "STRASSE"],
  ["ΝΗΣΟΣ", "νησος"],
  ["ß\u0301", "SŚ"],
])("%s and %s are equal if case is ignored", (one, other) => {
  expect(caseless(one)).toBe(caseless(other));
});
