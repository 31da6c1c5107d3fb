import { expectTaken, inFeedOrder, type Taken } from "../../../src/intake/by-hand";

describe("the order of files that are taken by hand", () => {
  it("is that of the feeds, then of the business times; files of no feed come last", () => {
    const files = [
      "x/notes.txt",
      "loans_20260930T220000Z.dat",
      "others_20260101T000000Z.dat",
      "clients_20261001T220000Z.dat",
      "accounts_20260930T220000Z.dat.gz",
      "clients_20260930T220000Z.dat",
    ];
    expect(inFeedOrder(files)).toEqual([
      "clients_20260930T220000Z.dat",
      "clients_20261001T220000Z.dat",
      "accounts_20260930T220000Z.dat.gz",
      "loans_20260930T220000Z.dat",
      "others_20260101T000000Z.dat",
      "x/notes.txt",
    ]);
  });

  it("is the given one among files of the same feed and time, and among those with wrong names", () => {
    const files = ["b.txt", "a.txt", "b/loans_20260930T220000Z.dat", "a/loans_20260930T220000Z.dat"];
    expect(inFeedOrder(files)).toEqual([...files.slice(2), ...files.slice(0, 2)]);
  });

  it("has files of no feed before those with wrong names, by their times", () => {
    const files = ["a.txt", "cards_20260102T000000Z.dat", "b.txt", "others_20260101T000000Z.dat"];
    expect(inFeedOrder(files)).toEqual([files[3], files[1], "a.txt", "b.txt"]);
  });

  it("refuses a file that is named twice", () => {
    const twice = expect.objectContaining({
      message: "wrong input: a.dat is named twice",
      hint: "Name each file once.",
    }) as Error;
    expect(() => inFeedOrder(["a.dat", "b.dat", "a.dat"])).toThrow(twice);
  });
});

describe("files that were taken", () => {
  const taken = (file: string, outcome: Taken["outcome"]): Taken => ({
    ...{ file, outcome, rejectedRecords: 0, problemCount: 0, problems: [] },
  });

  it("are a failure if one was rejected, which the error names", () => {
    const files = [taken("a", "loaded"), taken("b", "rejected"), taken("c", "unchanged")];
    expect(() => {
      expectTaken(files);
    }).toThrow(
      expect.objectContaining({
        ...{ name: "DataError", message: "a file was rejected: b" },
        hint: expect.stringContaining("Send the report to the bank") as string,
      }) as Error,
    );
    expect(() => {
      expectTaken([...files, taken("d", "rejected")]);
    }).toThrow("files were rejected: b, d");
  });

  it("are none if all were loaded or unchanged", () => {
    expect(() => {
      expectTaken([taken("a", "loaded"), taken("c", "unchanged")]);
    }).not.toThrow();
  });
});
