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
    }).toThrow("a file was rejected: b");
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
