import { parseDeliveryName } from "../../../src/intake/delivery";

function problemOf(key: string): string | undefined {
  const parsed = parseDeliveryName(key);
  return "problem" in parsed ? parsed.problem : undefined;
}

describe("the name of a delivery", () => {
  it("says the bank, the feed, the business time and whether it is compressed", () => {
    expect(parseDeliveryName("landing/FirstNational/loans_20260930T220000Z.dat")).toEqual({
      key: "landing/FirstNational/loans_20260930T220000Z.dat",
      fileName: "loans_20260930T220000Z.dat",
      bank: "FirstNational",
      feed: "loans",
      businessTime: "2026-09-30T22:00:00Z",
      gzip: false,
    });
    expect(parseDeliveryName("landing/CréditDÉté/new_clients_20240229T235959Z.dat.gz")).toMatchObject({
      ...{ bank: "CréditDÉté", feed: "new_clients", businessTime: "2024-02-29T23:59:59Z", gzip: true },
    });
  });

  it("compares a bank's letters however the file system composes them", () => {
    expect(parseDeliveryName("landing/CréditDÉté/loans_20260930T220000Z.dat".normalize("NFD"))).toMatchObject(
      {
        bank: "CréditDÉté".normalize("NFC"),
      },
    );
  });

  it.each([
    "loans_20260930T220000Z.dat",
    "FirstNational/loans_20260930T220000Z.dat",
    "raw/FirstNational/loans_20260930T220000Z.dat",
    "landing/loans_20260930T220000Z.dat",
    "landing/SecondNational/FirstNational/loans_20260930T220000Z.dat",
    "landing/SecondNational/landing/FirstNational/loans_20260930T220000Z.dat",
    "landing/$(id)/loans_20260930T220000Z.dat",
    "landing/First National/loans_20260930T220000Z.dat",
    "landing/First\nNational/loans_20260930T220000Z.dat",
    "landing/FirstNational/loans.dat",
    "landing/FirstNational/loans_20260930.dat",
    "landing/FirstNational/loans_20260930T220000.dat",
    "landing/FirstNational/loans_20260930T220000Z.csv",
    "landing/FirstNational/loans_20260930T220000Z.dat.zip",
    "landing/FirstNational/loans_20260930T220000Z.dat ",
    "landing/FirstNational/Loans_20260930T220000Z.dat",
    "landing/FirstNational/loans_20260930T220000Z.dat\n",
    "landing/FirstNational/x/../loans 20260930T220000Z.dat",
    "",
  ])("is refused: %j", (key) => {
    expect(problemOf(key)).toContain("is not landing/<BankName>/");
  });

  it.each(["20260230T220000", "20261301T000000", "20260930T240000", "20260930T226000", "00000101T000000"])(
    "is refused if there is no such time: %s",
    (time) => {
      expect(problemOf(`landing/FirstNational/loans_${time}Z.dat`)).toContain("has no valid time");
    },
  );
});
