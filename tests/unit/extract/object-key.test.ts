import { QueryError } from "../../../src/platform/errors";
import type { Month } from "../../../src/platform/month";
import { bankKeyNames, objectKey } from "../../../src/extract/object-key";

describe("an object's key", () => {
  it("is named for the last day of the data month", () => {
    expect(objectKey({ prefix: "", folders: "plain" }, "", "FirstNational", "2026-09" as Month)).toBe(
      "FirstNational/2026/09/FirstNational_20260930.csv",
    );
    expect(objectKey({ prefix: "loans/", folders: "plain" }, "", "FNB", "2024-02" as Month)).toBe(
      "loans/FNB/2024/02/FNB_20240229.csv",
    );
  });

  it("has a layout that engines read as partitions", () => {
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
  ])("holds the bank %j as %s", (name, keyName) => {
    expect(bankKeyNames([{ id: 7, name }])).toEqual(new Map([[7, keyName]]));
  });

  it("is refused where two banks would share it, and both are named", () => {
    const banks = [
      { id: 1, name: "First National" },
      { id: 2, name: "Other" },
      { id: 3, name: "First-National" },
    ];
    expect(() => bankKeyNames(banks)).toThrow(QueryError);
    expect(() => bankKeyNames(banks)).toThrow(
      '"First National" (bank 1) and "First-National" (bank 3): the same file name, FirstNational',
    );
  });

  it("is refused for a name with no letter or digit", () => {
    expect(() => bankKeyNames([{ id: 4, name: " --- " }])).toThrow('" --- " (bank 4): no letter or digit');
  });
});
