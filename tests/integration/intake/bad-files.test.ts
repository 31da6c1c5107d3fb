/** Files that are wrong, each in one way: all are rejected, with a report that says what is wrong, and nothing is loaded. */
import { gzipSync } from "node:zlib";

import { arrivalId } from "../../../src/intake/arrival";
import type { Report } from "../../../src/intake/report";
import type { DeliveryResult, Problem } from "../../../src/intake/result";
import { reportOf } from "../../../src/intake/settle";
import { fileOf, IntakeWorld, NOW, type SentFile } from "../../support/intake-world";
import { codeBlocks } from "../../support/markdown";
import { schemaProblems } from "../../support/report-schema";

let intake: IntakeWorld;
let before: unknown;
beforeAll(async () => {
  intake = await IntakeWorld.create();
  before = await intake.state();
});
afterAll(() => intake.close());

/** What a report says: the line, the column if one is wrong, and the reason. */
type Said = readonly (readonly [line: number | undefined, column: string | undefined, reason: string])[];

interface BadFile {
  readonly content: string | Uint8Array;
  readonly file?: SentFile;
  readonly report: Said;
}

const HEADER = "H|loans|1|1|2026-09-30T22:00:00Z";
const GOOD = "D|70001|5|1000|2026-09-14";
const lines = (...each: string[]) => each.map((line) => `${line}\n`).join("");
const withHeader = (header: string) => lines(header, GOOD, "T|1|5");
const withTrailer = (...trailer: string[]) => lines(HEADER, GOOD, ...trailer);
/** One loan that is wrong; a right one follows. */
const loan = (detail: string, total = 5): string => fileOf([detail, "70002|0|1000|"], { total });
const client = (detail: string) => ({
  content: fileOf([detail], { feed: "clients" }),
  file: { feed: "clients" },
});
const account = (total: number, ...details: string[]) => ({
  content: fileOf(details, { feed: "accounts", total }),
  file: { feed: "accounts" },
});
/** The first line, the second and the last of a fixed-width file that has them. */
const fixed = (...each: string[]) => ({ content: lines(...each.map((line) => line.padEnd(64))) });
const FIXED_HEADER = "HLOANS     001000000000120260930T220000Z";
const FIXED_DETAIL = "D+0000070001+0000000005+000000100020260914";
const FIXED_TRAILER = "T0000000001+0000000000000000005";

const NOT_INT32 = "expected a whole number from -2147483648 to 2147483647";
const NOT_DATE = "expected a date that exists, YYYY-MM-DD, from 1900-01-01 to 9999-12-31";
const NO_HEADER = "the file doesn't begin with a header of the feed loans";
const NO_TRAILER = "the file has no trailer: its end is missing";
const NO_TOTAL = "the control total can't be checked, because not every record's can be read";
const FOLLOWS = "something follows the trailer";

const badFiles: Readonly<Record<string, BadFile>> = {
  // The file.
  "an empty file": { content: "", report: [[undefined, undefined, "the file is empty"]] },
  "an unknown feed": {
    content: fileOf([], { feed: "cards" }),
    file: { feed: "cards" },
    report: [[undefined, undefined, "there is no feed cards, only clients, accounts, loans"]],
  },
  "an unknown bank's folder": {
    content: fileOf([]),
    file: { bank: "SecondNational" },
    report: [[undefined, undefined, "no bank has the folder SecondNational"]],
  },
  "a byte order mark": {
    content: `\uFEFF${withHeader(HEADER)}`,
    report: [[1, undefined, "the file begins with a byte order mark"]],
  },
  "no header": { content: lines(GOOD, "T|1|5"), report: [[1, undefined, NO_HEADER]] },
  "another separator": {
    content: withHeader(HEADER).replaceAll("|", ";"),
    report: [
      [undefined, undefined, NO_TRAILER],
      [1, undefined, NO_HEADER],
      [2, undefined, "the line begins with none of D|, H|, T|"],
      [3, undefined, "the line begins with none of D|, H|, T|"],
    ],
  },
  "only a header": { content: lines(HEADER), report: [[undefined, undefined, NO_TRAILER]] },
  "a file cut behind a detail": {
    content: lines(HEADER, GOOD),
    report: [[undefined, undefined, NO_TRAILER]],
  },
  "a file cut in its trailer": {
    content: lines(HEADER, GOOD, "T|1").trimEnd(),
    report: [[3, undefined, "the trailer has 1 fields behind its code instead of 2"]],
  },
  "a second header": {
    content: lines(HEADER, HEADER, GOOD, "T|1|5"),
    report: [[2, undefined, "the line is a header where a detail or a trailer belongs"]],
  },
  "a second trailer": { content: withTrailer("T|1|5", "T|1|5"), report: [[4, undefined, FOLLOWS]] },
  "a detail behind the trailer": { content: withTrailer("T|1|5", GOOD), report: [[4, undefined, FOLLOWS]] },
  "an empty line behind the trailer": {
    content: withTrailer("T|1|5", ""),
    report: [[4, undefined, FOLLOWS]],
  },
  "two files in one": {
    content: withHeader(HEADER).repeat(2),
    report: [[4, undefined, FOLLOWS]],
  },
  "bytes that are not UTF-8 behind the trailer": {
    content: Buffer.concat([Buffer.from(withHeader(HEADER)), Buffer.of(0xff)]),
    report: [[4, undefined, FOLLOWS]],
  },
  "an empty line": {
    content: lines(HEADER, "", GOOD, "T|1|5"),
    report: [[2, undefined, "the line is empty"]],
  },
  "an unknown type of record": {
    content: lines(HEADER, GOOD, "X|1", "T|1|5"),
    report: [[3, undefined, "the line begins with none of D|, H|, T|"]],
  },
  "Latin-1": {
    content: Buffer.from(fileOf(["300|Zoë|S|10"], { feed: "clients" }), "latin1"),
    file: { feed: "clients" },
    report: [
      [2, undefined, "the line is not UTF-8"],
      [3, "records", "the trailer's number of details is 1, the records give 0"],
    ],
  },
  "a line of a megabyte": {
    content: lines(HEADER, `D|${"7".repeat(1_000_000)}|5|1000|`, GOOD, "T|1|5"),
    report: [[2, undefined, "the line is longer than 65536 bytes"]],
  },
  "carriage returns only": {
    content: withHeader(HEADER).replaceAll("\n", "\r"),
    report: [
      [undefined, undefined, NO_TRAILER],
      [1, undefined, "the header has 10 fields behind its code instead of 4"],
    ],
  },
  "LF in a file with CRLF": {
    content: `${HEADER}\r\n${GOOD}\nT|1|5\r\n`,
    report: [[2, undefined, "ends in another way than the first line"]],
  },
  "CRLF in a file with LF": {
    content: lines(HEADER, `${GOOD}\r`, "T|1|5"),
    report: [
      [2, "loan_date", NOT_DATE],
      [2, undefined, "ends in another way than the first line"],
    ],
  },
  "gzip cut short": {
    content: gzipSync(withHeader(HEADER)).subarray(0, -12),
    file: { gzip: true },
    report: [[undefined, undefined, "the gzip data is damaged or cut short"]],
  },
  "gzip with a wrong checksum": {
    content: Buffer.concat([gzipSync(withHeader(HEADER)).subarray(0, -8), Buffer.alloc(8)]),
    file: { gzip: true },
    report: [[undefined, undefined, "the gzip data is damaged or cut short"]],
  },
  "gzip that isn't": {
    content: withHeader(HEADER),
    file: { gzip: true },
    report: [[undefined, undefined, "the gzip data is damaged or cut short"]],
  },
  "gzip with something behind it": {
    content: Buffer.concat([gzipSync(withHeader(HEADER)), Buffer.from("rest")]),
    file: { gzip: true },
    report: [[undefined, undefined, "the gzip data is damaged or cut short"]],
  },
  "gzip with zeros behind it": {
    content: Buffer.concat([gzipSync(withHeader(HEADER)), Buffer.alloc(8)]),
    file: { gzip: true },
    report: [[undefined, undefined, "something follows the end of the gzip data"]],
  },
  "an empty file with a compressed file's name": {
    content: "",
    file: { gzip: true },
    report: [[undefined, undefined, "the gzip data is damaged or cut short"]],
  },
  "another feed's fixed-width file": {
    ...fixed(FIXED_HEADER.replace("LOANS   ", "ACCOUNTS"), FIXED_DETAIL, FIXED_TRAILER),
    report: [
      [undefined, undefined, NO_TRAILER],
      [1, undefined, NO_HEADER],
      [2, undefined, "the line begins with none of D|, H|, T|"],
      [3, undefined, "the line begins with none of D|, H|, T|"],
    ],
  },

  // The header.
  "another feed in the header": {
    content: withHeader("H|accounts|1|1|2026-09-30T22:00:00Z"),
    report: [[1, "feed", "the header's feed is not loans, as the file's name says"]],
  },
  "another version": {
    content: withHeader("H|loans|2|1|2026-09-30T22:00:00Z"),
    report: [[1, "version", "the header's version is not 1"]],
  },
  "another bank in the header": {
    content: withHeader("H|loans|1|2|2026-09-30T22:00:00Z"),
    report: [[1, "bank", "the header's bank is not 1, the bank of the folder FirstNational"]],
  },
  "another time in the header": {
    content: withHeader("H|loans|1|1|2026-09-30T21:59:59Z"),
    report: [
      [1, "business_time", "the header's business time is not 2026-09-30T22:00:00Z, as the file's name says"],
    ],
  },
  "a time in the future": {
    content: withHeader("H|loans|1|1|2026-11-20T12:00:01Z"),
    file: { time: "20261120T120001" },
    report: [[undefined, undefined, "the business time is in the future"]],
  },
  "a header with a time that doesn't exist": {
    content: withHeader("H|loans|1|1|2026-09-31T22:00:00Z"),
    report: [
      [
        1,
        "business_time",
        "the header has a wrong field: it expected an instant that exists, YYYY-MM-DDTHH:MM:SSZ",
      ],
    ],
  },
  "a header with a field too many": {
    content: withHeader(`${HEADER}|`),
    report: [[1, undefined, "the header has 5 fields behind its code instead of 4"]],
  },
  "a header with an empty field": {
    content: withHeader("H||1|1|2026-09-30T22:00:00Z"),
    report: [[1, "feed", "the header has a wrong field: it is empty"]],
  },

  // The trailer.
  "a count that is too small": {
    content: withTrailer("T|0|5"),
    report: [[3, "records", "the trailer's number of details is 0, the records give 1"]],
  },
  "a count that is too large": {
    content: withTrailer("T|2|5"),
    report: [[3, "records", "the trailer's number of details is 2, the records give 1"]],
  },
  "a wrong control total": {
    content: withTrailer("T|1|6"),
    report: [[3, "total", "the trailer's control total is 6, the records give 5"]],
  },
  "a control total with the wrong sign": {
    content: withTrailer("T|1|-5"),
    report: [[3, "total", "the trailer's control total is -5, the records give 5"]],
  },
  "a control total where there is none": {
    content: fileOf(["300|N|S|10"], { feed: "clients", total: 300 }),
    file: { feed: "clients" },
    report: [[3, "total", "the trailer's control total is 300, the records give 0"]],
  },
  "a trailer with a wrong number": {
    content: withTrailer("T|one|5"),
    report: [[3, "records", "the trailer has a wrong field: it expected a whole number of 64 bits"]],
  },

  // Records.
  "a field too few": {
    content: loan("70001|5|1000"),
    report: [
      [2, undefined, "has 3 fields behind its code instead of 4"],
      [4, "total", NO_TOTAL],
    ],
  },
  "a field too many": {
    content: loan("70001|5|1000||"),
    report: [
      [2, undefined, "has 5 fields behind its code instead of 4"],
      [4, "total", NO_TOTAL],
    ],
  },
  "a key that is empty": { content: loan("|5|1000|"), report: [[2, "idloan", "is empty"]] },
  "a reference that is empty": { content: loan("70001|5||"), report: [[2, "account_idaccount", "is empty"]] },
  "a name that is empty": { ...client("300||S|10"), report: [[2, "name", "is empty"]] },
  "a number with letters": {
    content: loan("70001|5e0|1000|"),
    report: [
      [2, "amount", NOT_INT32],
      [4, "total", NO_TOTAL],
    ],
  },
  "a number with a point": {
    content: loan("70001|5.0|1000|"),
    report: [
      [2, "amount", NOT_INT32],
      [4, "total", NO_TOTAL],
    ],
  },
  "a number with a blank": { content: loan("70001 |5|1000|"), report: [[2, "idloan", NOT_INT32]] },
  "a number with a plus": { content: loan("+70001|5|1000|"), report: [[2, "idloan", NOT_INT32]] },
  "a sign without a number": { content: loan("-|5|1000|"), report: [[2, "idloan", NOT_INT32]] },
  "a number above 32 bits": { content: loan("2147483648|5|1000|"), report: [[2, "idloan", NOT_INT32]] },
  "a number below 32 bits": { content: loan("-2147483649|5|1000|"), report: [[2, "idloan", NOT_INT32]] },
  "a date that doesn't exist": {
    content: loan("70001|5|1000|2026-02-29"),
    report: [[2, "loan_date", NOT_DATE]],
  },
  "a date in another order": {
    content: loan("70001|5|1000|14-09-2026"),
    report: [[2, "loan_date", NOT_DATE]],
  },
  "a date without hyphens": { content: loan("70001|5|1000|20260914"), report: [[2, "loan_date", NOT_DATE]] },
  "a date with a time": {
    content: loan("70001|5|1000|2026-09-14T00:00:00Z"),
    report: [[2, "loan_date", NOT_DATE]],
  },
  "a date before 1900": { content: loan("70001|5|1000|1899-12-31"), report: [[2, "loan_date", NOT_DATE]] },
  "a date of infinity": { content: loan("70001|5|1000|infinity"), report: [[2, "loan_date", NOT_DATE]] },
  "a text that is too long": {
    ...client(`300|${"ë".repeat(51)}|S|10`),
    report: [[2, "name", "is longer than 50 characters"]],
  },
  "an escape that doesn't exist": {
    ...client("300|a\\tb|S|10"),
    report: [[2, "name", "has a backslash that begins no escape: \\p, \\\\, \\n, \\r"]],
  },
  "a backslash at the end of a text": {
    ...client("300|a\\|S|10"),
    report: [[2, "name", "has a backslash that begins no escape: \\p, \\\\, \\n, \\r"]],
  },
  "a NUL character": { ...client("300|a\0b|S|10"), report: [[2, "name", "has a NUL character"]] },
  "a carriage return in a text": {
    ...client("300|a\rb|S|10"),
    report: [[2, "name", "has a carriage return"]],
  },
  "several wrong fields": {
    content: loan("x|5||2026-13-01"),
    report: [
      [2, "idloan", NOT_INT32],
      [2, "account_idaccount", "is empty"],
      [2, "loan_date", NOT_DATE],
    ],
  },

  // Records that only the database can judge.
  "a key twice": {
    content: fileOf(["70001|5|1000|", "70001|6|1000|"], { total: 11 }),
    report: [
      [2, "idloan", "is also in line 3"],
      [3, "idloan", "is also in line 2"],
    ],
  },
  "a key that a wrong record has too": {
    content: fileOf(["70001|5|1000|", "70001|6|1000|2026"], { total: 11 }),
    report: [
      [2, "idloan", "is also in line 3"],
      [3, "loan_date", NOT_DATE],
    ],
  },
  "an account that doesn't exist": {
    content: loan("70001|5|3000|"),
    report: [[2, "account_idaccount", "refers to a row of account that doesn't exist"]],
  },
  "another bank's account": {
    content: loan("70001|5|2000|"),
    report: [[2, "account_idaccount", "refers to a row of account that isn't this bank's"]],
  },
  "another bank's branch": {
    ...client("300|N|S|20"),
    report: [[2, "branch_idbranch", "refers to a row of branch that isn't this bank's"]],
  },
  "a branch that doesn't exist": {
    ...client("300|N|S|30"),
    report: [[2, "branch_idbranch", "refers to a row of branch that doesn't exist"]],
  },
  "the key of another bank's client": {
    ...client("200|N|S|10"),
    report: [[2, "idclient", "is the key of a row of client that isn't this bank's"]],
  },
  "the key of another bank's account": {
    ...account(5, "2000|5|100|"),
    report: [
      [2, "client_idclient", "is in another row of account already"],
      [2, "idaccount", "is the key of a row of account that isn't this bank's"],
    ],
  },
  "a client with two accounts": {
    ...account(5, "3000|5|100|"),
    report: [[2, "client_idclient", "is in another row of account already"]],
  },
  "a client with two accounts in one file": {
    ...account(0, "1000|0|100|", "3000|0|100|"),
    report: [
      [2, "client_idclient", "is also in line 3"],
      [3, "client_idclient", "is also in line 2"],
      [3, "client_idclient", "is in another row of account already"],
    ],
  },

  // Fixed-width records.
  "a fixed-width record that is too short": {
    content: lines(FIXED_HEADER.padEnd(64), FIXED_DETAIL, FIXED_TRAILER.padEnd(64)),
    report: [
      [2, undefined, "has 42 characters instead of 64"],
      [3, "total", NO_TOTAL],
    ],
  },
  "a fixed-width record with a character too many": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.padEnd(65), FIXED_TRAILER),
    report: [
      [2, undefined, "has 65 characters instead of 64"],
      [3, "total", NO_TOTAL],
    ],
  },
  "a fixed-width record that is shifted": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.replace("D", "D "), FIXED_TRAILER),
    report: [
      [2, undefined, "has something at character 43, which must be blank"],
      [2, "idloan", "expected + or - and 10 digits"],
      [2, "amount", "expected + or - and 10 digits"],
      [2, "account_idaccount", "expected + or - and 10 digits"],
      [2, "loan_date", "expected a date that exists, YYYYMMDD, from 1900 on"],
      [3, "total", NO_TOTAL],
    ],
  },
  "a fixed-width number without a sign": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.replace("+0000070001", "00000070001"), FIXED_TRAILER),
    report: [[2, "idloan", "expected + or - and 10 digits"]],
  },
  "a fixed-width number with blanks": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.replace("+0000000005", "+         5"), FIXED_TRAILER),
    report: [
      [2, "amount", "expected + or - and 10 digits"],
      [3, "total", NO_TOTAL],
    ],
  },
  "a fixed-width date that doesn't exist": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.replace("20260914", "20260931"), FIXED_TRAILER),
    report: [[2, "loan_date", "expected a date that exists, YYYYMMDD, from 1900 on"]],
  },
  "a fixed-width key that is blank": {
    ...fixed(FIXED_HEADER, FIXED_DETAIL.replace("+0000070001", "           "), FIXED_TRAILER),
    report: [[2, "idloan", "is empty"]],
  },
  "a delimited record in a fixed-width file": {
    ...fixed(FIXED_HEADER, GOOD, FIXED_TRAILER),
    report: [
      [2, "idloan", "expected + or - and 10 digits"],
      [2, "amount", "expected + or - and 10 digits"],
      [2, "account_idaccount", "expected + or - and 10 digits"],
      [3, "total", NO_TOTAL],
    ],
  },
};

it.each(Object.entries(badFiles))(
  "%s is rejected with its report",
  async (_, { content, file = {}, report }) => {
    const open = async function* () {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
      await Promise.resolve();
    };
    const result = await intake.load(open, file);

    expect(result.outcome).toBe("rejected");
    expect(result.problems.map(({ line, column, reason }: Problem) => [line, column, reason])).toEqual(
      report,
    );
    expect(result.problemCount).toBe(report.length);
    expect(await intake.state()).toEqual(before);
    expect(schemaProblems(reportOn(result))).toEqual([]);
  },
);

/** The report as it is kept in the bucket. */
function reportOn(result: DeliveryResult): Report {
  const arrival = { id: arrivalId(result.delivery.key), key: result.delivery.key };
  const at = { key: result.delivery.key, versionId: "1" };
  return reportOf(
    { arrival, outcome: result.outcome, result },
    { ...at, byteCount: result.byteCount ?? 0 },
    { file: at, settledAt: NOW.toISOString(), runId: "1" },
  );
}

it("docs/rejected-files.md lists all kinds, with what their reports say", () => {
  const said = ([line, column, reason]: Said[number]) => {
    const where = line === undefined ? "the file" : `line ${line}`;
    return `  ${where}${column === undefined ? "" : `, ${column}`}: ${reason}\n`;
  };
  const kinds = Object.entries(badFiles).map(([kind, { report }]) =>
    [`${kind}\n`, ...report.map(said)].join(""),
  );
  const [block] = codeBlocks("docs/rejected-files.md");
  expect(block?.code).toBe(kinds.join(""));
});

it("there are more than 60 kinds of bad files", () => {
  expect(Object.keys(badFiles).length).toBeGreaterThan(60);
});
