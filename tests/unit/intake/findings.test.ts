/** What is kept of what is wrong with a delivery, and what is only counted. */
import { Findings, KEPT, quoted } from "../../../src/intake/findings";

const wrong = [{ reason: "is wrong" }];

describe("what is found wrong with a delivery", () => {
  it("is in the order of the lines, what concerns the whole file first", () => {
    const findings = new Findings();
    findings.record(3, [{ reason: "is empty", column: "name" }], "D|3");
    findings.file("the trailer is wrong", { line: 9, column: "total" });
    findings.record(2, [{ reason: "is wrong" }, { reason: "is empty", column: "id" }], "D|2");
    findings.file("the business time is in the future");
    expect(findings.problems).toEqual([
      { reason: "the business time is in the future" },
      { line: 2, reason: "is wrong", record: "D|2" },
      { line: 2, column: "id", reason: "is empty", record: "D|2" },
      { line: 3, column: "name", reason: "is empty", record: "D|3" },
      { line: 9, column: "total", reason: "the trailer is wrong" },
    ]);
    expect(findings.rejects).toEqual([
      { line: 2, record: "D|2", reasons: ["is wrong", "id is empty"] },
      { line: 3, record: "D|3", reasons: ["name is empty"] },
    ]);
    expect([findings.problemCount, findings.rejectedRecords, findings.isFileWrong]).toEqual([5, 2, true]);
  });

  it("is not the file as a whole if only records are wrong", () => {
    const findings = new Findings();
    findings.record(2, wrong, "D|2");
    expect(findings.isFileWrong).toBe(false);
  });

  it("in a record that is wrong in two ways is one rejected record, with both reasons", () => {
    const findings = new Findings();
    findings.record(2, wrong, "D|2");
    findings.record(2, [{ reason: "is also in line 3", column: "id" }]);
    expect(findings.rejects).toEqual([
      { line: 2, record: "D|2", reasons: ["is wrong", "id is also in line 3"] },
    ]);
    expect([findings.problemCount, findings.rejectedRecords]).toEqual([2, 1]);
    expect(findings.problems.map(({ record }) => record)).toEqual(["D|2", "D|2"]);
  });

  it("has the records that are quoted later, and says of which lines they are missing", () => {
    const findings = new Findings();
    findings.record(2, wrong);
    findings.record(3, wrong, "D|3");
    findings.record(4, wrong);
    expect([...findings.unquotedLines]).toEqual([2, 4]);
    findings.quote(4, "D|4");
    findings.quote(5, "D|5");
    expect([...findings.unquotedLines]).toEqual([2]);
    expect(findings.problems).toEqual([
      { line: 2, reason: "is wrong" },
      { line: 3, reason: "is wrong", record: "D|3" },
      { line: 4, reason: "is wrong", record: "D|4" },
    ]);
    expect(findings.rejects.map(({ record }) => record)).toEqual(["", "D|3", "D|4"]);
  });
});

describe("of too many findings", () => {
  it("the first 1,000 of records are kept, the others are counted", () => {
    const findings = new Findings();
    for (let line = 1; line <= KEPT; line++) {
      expect(findings.isFull).toBe(false);
      findings.record(line, wrong, "D");
    }
    expect(findings.isFull).toBe(true);
    findings.record(KEPT + 1, wrong, "D");
    expect([findings.problemCount, findings.rejectedRecords]).toEqual([KEPT + 1, KEPT + 1]);
    expect([findings.problems.at(-1)?.line, findings.rejects.at(-1)?.line]).toEqual([KEPT, KEPT]);
    findings.countMore(10, 20);
    expect([findings.problemCount, findings.rejectedRecords]).toEqual([KEPT + 21, KEPT + 11]);
    expect([findings.problems.length, findings.rejects.length]).toEqual([KEPT, KEPT]);
  });

  it("more records are kept while only the problems are too many", () => {
    const findings = new Findings();
    findings.record(1, Array<(typeof wrong)[0]>(KEPT - 1).fill({ reason: "is wrong" }), "D");
    findings.record(2, [{ reason: "first" }, { reason: "second" }], "D");
    expect(findings.isFull).toBe(false);
    findings.record(3, wrong, "D");
    expect(findings.problems.slice(-2).map(({ line, reason }) => [line, reason])).toEqual([
      [1, "is wrong"],
      [2, "first"],
    ]);
    expect(findings.rejects.map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it("those of the file are kept before those of records, 1,000 at most", () => {
    const findings = new Findings();
    for (let line = 1; line <= KEPT; line++) findings.record(line, wrong, "D");
    findings.file("the trailer is wrong", { line: KEPT + 1 });
    expect(findings.problems).toHaveLength(KEPT);
    expect(findings.problems.at(-1)).toEqual({ line: KEPT + 1, reason: "the trailer is wrong" });
    for (let line = 2; line <= KEPT + 1; line++) findings.file(`wrong ${line}`, { line });
    expect(findings.problems).toHaveLength(KEPT);
    expect(findings.problems.at(-1)).toEqual({ line: KEPT + 1, reason: "the trailer is wrong" });
    expect(findings.problems.some(({ reason }) => reason === `wrong ${KEPT}`)).toBe(true);
    expect(findings.problems.some(({ reason }) => reason === `wrong ${KEPT + 1}`)).toBe(false);
    expect(findings.problemCount).toBe(2 * KEPT + 1);
  });
});

describe("a record as it is quoted", () => {
  const quote = (text: string, start = 0) => {
    const bytes = Buffer.from(text);
    return quoted(bytes, start, bytes.length);
  };

  it("is whole up to 1,000 characters, however many bytes they have", () => {
    for (const character of ["x", "ë", "日"]) {
      expect(quote(character.repeat(1000))).toBe(character.repeat(1000));
      expect(quote(character.repeat(1001))).toBe(`${character.repeat(1000)}…`);
      expect(quote(character.repeat(5000))).toBe(`${character.repeat(1000)}…`);
    }
  });

  it("begins and ends with its line", () => {
    expect(quote("first\nsecond", 6)).toBe("second");
    expect(quoted(Buffer.from("first\nsecond"), 0, 5)).toBe("first");
  });
});
