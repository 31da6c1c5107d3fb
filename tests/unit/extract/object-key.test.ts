import fc from "fast-check";

import { QueryError } from "../../../src/platform/errors";
import type { Month } from "../../../src/platform/month";
import { keyedBanks, objectKey } from "../../../src/extract/object-key";

const keyNameOf = (name: string) => keyedBanks([{ id: 7, name }])[0]?.keyName ?? "";

/** The bank names get the ids 1, 2 and so on. */
function refusal(...names: string[]): string {
  try {
    keyedBanks(names.map((name, index) => ({ id: index + 1, name })));
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    expect(error.hint).toMatch(/^Correct the names in the table bank, .*Nothing was published\.$/);
    return error.message;
  }
  throw new Error("was accepted");
}

describe("an object's key", () => {
  it("contains the last day of the month", () => {
    expect(objectKey({ prefix: "", folders: "plain" }, "", "FirstNational", "2026-09" as Month)).toBe(
      "FirstNational/2026/09/FirstNational_20260930.csv",
    );
    expect(objectKey({ prefix: "loans/", folders: "plain" }, "", "FNB", "2024-02" as Month)).toBe(
      "loans/FNB/2024/02/FNB_20240229.csv",
    );
  });

  it("can have the layout that query engines read as partitions", () => {
    expect(objectKey({ prefix: "", folders: "hive" }, "", "FNB", "2026-09" as Month)).toBe(
      "bank=FNB/year=2026/month=09/FNB_20260930.csv",
    );
  });

  it.each([
    ["First National", "FirstNational"],
    ["first  national\tbank", "FirstNationalBank"],
    ["FNB", "FNB"],
    ["O'Brien & Söhne", "OBrienSöhne"],
    ["Cre\u0301dit d'E\u0301te\u0301", "CréditDÉté"],
    ["3rd Bank, Ltd.", "3rdBankLtd"],
    ["../../etc/passwd", "EtcPasswd"],
    ["招商银行", "招商银行"],
    ["हिन्दी बैंक", "हिन्दीबैंक"],
    ["𝒜lpha", "𝒜lpha"],
    ["❤️ Bank", "Bank"],
    ["Bank❤️ing", "BankIng"],
    ["1️⃣st", "1⃣st"],
    ["Inter\u00adnational", "International"],
    ["Bank\ufe0f", "Bank"],
    ["بانک\u200cها", "بانکها"],
    ["Cre\u034f\u0301dit", "Crédit"],
    ["\u0301Accent \u0301first", "AccentFirst"],
    ["\u3164Filler", "Filler"],
  ])("contains the bank name %j as %s", (name, keyName) => {
    expect(keyNameOf(name)).toBe(keyName);
  });

  it("is refused if two banks would share it, and the error names both", () => {
    expect(refusal("First National", "Other", "First-National")).toBe(
      "the banks' names don't make distinct file names: " +
        '"First National" (bank 1) and "First-National" (bank 3): the same file name, FirstNational',
    );
    expect(refusal("Bank", "❤️ Bank")).toContain(
      '"Bank" (bank 1) and "❤️ Bank" (bank 2): the same file name',
    );
  });

  it.each([" --- ", "", "❤️", "\ufe0f", "\u200d", "\u0301", "👩‍👩‍👧", "\u3164", "\u{e0041}"])(
    "is refused for the name %j, which has no letter or digit",
    (name) => {
      expect(refusal("Other", name)).toContain(`${JSON.stringify(name)} (bank 2): no letter or digit`);
    },
  );

  it.each([
    ["Alpha Bank", "ALPHA bank", "AlphaBank and ALPHABank differ only in case"],
    ["Straße", "STRASSE", "Straße and STRASSE differ only in case"],
  ])("is refused for %j beside %j, which is the same folder on Windows and macOS", (one, other, problem) => {
    expect(refusal(one, other)).toContain(
      `${JSON.stringify(one)} (bank 1) and ${JSON.stringify(other)} (bank 2): ${problem}`,
    );
  });

  it.each([
    ["Alpha", "Аlpha", "Alpha and Аlpha look the same, but Alpha has U+0041, Аlpha has U+0410"],
    ["Alpha", "𝒜lpha", "Alpha and 𝒜lpha look the same, but Alpha has U+0041, 𝒜lpha has U+1D49C"],
    ["Bill", "BiIl", "Bill and BiIl look the same, but BiIl has U+0049"],
    ["Bank O", "Bank 0", "BankO and Bank0 look the same, but BankO has U+004F, Bank0 has U+0030"],
    ["Modern", "Modem", "Modern and Modem look the same, but Modern has U+0072 U+006E, Modem has U+006D"],
    ["ABEK", "АВЕК", "ABEK and АВЕК look the same"],
    ["BanklI", "BankIl", "BanklI and BankIl look the same"],
  ])("is refused for %j beside %j, which looks the same", (one, other, problem) => {
    expect(refusal(one, other)).toContain(
      `${JSON.stringify(one)} (bank 1) and ${JSON.stringify(other)} (bank 2): ${problem}`,
    );
  });

  it("is refused with all problems at once, and each bank with its first clash only", () => {
    expect(refusal("Alpha", "-alpha", "ALPHA", "Аlpha", "❤️", "Beta")).toBe(
      "the banks' names don't make distinct file names: " +
        '"❤️" (bank 5): no letter or digit to name a file by; ' +
        '"Alpha" (bank 1) and "-alpha" (bank 2): the same file name, Alpha; ' +
        '"Alpha" (bank 1) and "ALPHA" (bank 3): Alpha and ALPHA differ only in case, and are one folder on Windows and macOS; ' +
        '"Alpha" (bank 1) and "Аlpha" (bank 4): Alpha and Аlpha look the same, but Alpha has U+0041, Аlpha has U+0410',
    );
  });

  it("is accepted for banks with ordinary names", () => {
    const names = ["First National", "Second National", "Crédit d'Été", "Credit", "招商银行", "中国银行"];
    const short = ["FNB", "FNC", "Bank I", "Bank L"];
    const keyNames = keyedBanks([...names, ...short].map((name, id) => ({ id, name })));
    expect(keyNames.map(({ keyName }) => keyName).join(" ")).toBe(
      "FirstNational SecondNational CréditDÉté Credit 招商银行 中国银行 FNB FNC BankI BankL",
    );
  });

  /** Letters of several scripts, digits, marks, emoji and invisible characters. */
  const name = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...Array.from("abABzоОΑ01 -'ßıİ銀ह❤\ufe0f\u200d\u00ad\u0301\u0308\u3164\u20e3")),
      { arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), weight: 1 },
    ),
    maxLength: 12,
  });

  it("contains only visible letters with their marks, and digits, for any name", () => {
    fc.assert(
      fc.property(name, (any) => {
        expect(keyNameOf(`${any}x`)).toMatch(/^[\p{L}\p{Nd}][\p{L}\p{Nd}\p{M}]*$/u);
        expect(keyNameOf(`${any}x`)).not.toMatch(/\p{Default_Ignorable_Code_Point}/u);
      }),
    );
  });

  it("is refused for any name without a letter or digit", () => {
    const withoutOne = name.map((any) =>
      any.replace(/(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{Nd}]/gu, ""),
    );
    fc.assert(
      fc.property(withoutOne, (any) => {
        expect(refusal(any)).toContain("no letter or digit");
      }),
    );
  });

  it("is not changed by an invisible character in a name", () => {
    const unseen = fc.constantFrom("\u200d", "\u200c", "\ufe0e", "\ufe0f", "\u00ad", "\u{e0100}", "\u3164");
    fc.assert(
      fc.property(name, unseen, fc.nat(), (any, character, at) => {
        const characters = Array.from(any);
        const index = at % (characters.length + 1);
        const other = [...characters.slice(0, index), character, ...characters.slice(index)].join("");
        expect(refusal(`X${any}`, `X${other}`)).toContain("the same file name");
      }),
    );
  });

  it("is refused beside the same name in another case", () => {
    fc.assert(
      fc.property(name, fc.constantFrom("toUpperCase", "toLowerCase"), (any, change) => {
        expect(refusal(`X${any}`, `X${any}`[change]())).toMatch(/the same file name|differ only in case/);
      }),
    );
  });
});
