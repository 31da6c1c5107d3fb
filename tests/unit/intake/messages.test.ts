/** The messages about a delivery: what people and machines are told, and that no message quotes a record. */
import { parseDeliveryName } from "../../../src/intake/delivery";
import { lostNotice, messageOf, noticeOf } from "../../../src/intake/messages";
import type { FoundReport, Report } from "../../../src/intake/report";

const report: Report = {
  schemaVersion: 1,
  outcome: "rejected",
  delivery: "0123456789abcdef0123456789abcdef",
  key: "landing/FirstNational/clients_20260930T220000Z.dat",
  bank: "FirstNational",
  feed: "clients",
  businessTime: "2026-09-30T22:00:00Z",
  raw: { key: "raw/FirstNational/clients.dat", versionId: "1" },
  file: { key: "error/FirstNational/clients.dat", versionId: "2" },
  byteCount: 100,
  figures: [
    { name: "number of details", stated: "3", found: "2" },
    { name: "control total", stated: "0" },
  ],
  problems: [
    { reason: "the file has a byte order mark" },
    { line: 2, column: "surname", reason: "is longer than 50", record: "D|1|Ann|Placeholder|1" },
    { line: 3, reason: "has too few fields", record: "D|Placeholder" },
  ],
  problemCount: 12,
  rejectedRecords: 2,
  settledAt: "2026-10-01T00:00:00.000Z",
  runId: "run",
};

const found = (changes: Partial<Report> = {}): FoundReport => ({
  key: "error/FirstNational/clients.report.json",
  version: { etag: "e", versionId: "3" },
  report: { ...report, ...changes },
});

function without(...keys: readonly (keyof Report)[]): Report {
  const kept = Object.entries(report).filter(([key]) => !keys.some((each) => each === key));
  return Object.fromEntries(kept) as unknown as Report;
}

const loaded = found({
  outcome: "loaded",
  counts: { records: 2, inserted: 2, updated: 0, same: 0, stale: 0, rejected: 0 },
});

describe("the message to people", () => {
  it("about a rejected file says where it is wrong, and what the trailer states", () => {
    const notice = noticeOf(found(), "intake-bucket");
    expect(notice?.subject).toBe("[bank-batch] clients of FirstNational 2026-09-30T22:00:00Z rejected");
    expect(notice?.message).toContain("  the file: the file has a byte order mark\n");
    expect(notice?.message).toContain(
      "  line 2, surname: is longer than 50\n  line 3: has too few fields\n  … and 9 more\n",
    );
    expect(notice?.message).toContain(
      "  number of details: stated 3, found 2\n  control total: stated 0, found unknown\n",
    );
    expect(notice?.message).toContain("s3://intake-bucket/error/FirstNational/clients.report.json");
  });

  it("about a rejected file says what to do, and where the report and the file are", () => {
    const { message = "" } = noticeOf(found(), "intake-bucket") ?? {};
    expect(message).toContain(
      "The delivery clients of FirstNational, 2026-09-30T22:00:00Z, was rejected. Nothing of it is in the database.\n",
    );
    expect(message).toContain("\nWhat is wrong with it\n  the file: ");
    expect(message).toContain("\n\nWhat the file states of itself\n  number of details: ");
    expect(message).toContain(
      "\n  aws s3 cp s3://intake-bucket/error/FirstNational/clients.report.json -\n\n  Send it to the bank, ",
    );
    expect(message).toContain("\nWhere the file is\n  s3://intake-bucket/error/FirstNational/clients.dat\n");
    expect(message).not.toContain("--replay");
  });

  it("about a rejected file has the first ten problems, and counts the others", () => {
    const problems = Array.from({ length: 12 }, (_, at) => ({ line: at + 2, reason: "is wrong" }));
    const shownOf = (count: number) => {
      const { message = "" } =
        noticeOf(found({ problems: problems.slice(0, count), problemCount: count }), "b") ?? {};
      return message
        .split("\n\n")
        .find((part) => part.startsWith("What is wrong with it"))
        ?.split("\n");
    };
    const lines = problems.slice(0, 10).map(({ line }) => `  line ${line}: is wrong`);
    const first = ["What is wrong with it", ...lines];
    expect(shownOf(10)).toEqual(first);
    expect(shownOf(12)).toEqual([...first, "  … and 2 more"]);
  });

  it.each([
    ["has none", []],
    ["was not read", undefined],
  ])("about a rejected file without figures says nothing of them: it %s", (_, figures) => {
    const unread = { ...without("figures"), ...(figures && { figures }) };
    const { message = "" } = noticeOf({ ...found(), report: unread }, "b") ?? {};
    expect(message).toContain("  … and 9 more\n\nWhat to do next\n");
    expect(message).not.toContain("states of itself");
  });

  it("about a failure says what happened and how to take the delivery again", () => {
    const failure = { name: "DatabaseUnavailableError", message: "connection refused" };
    const notice = noticeOf(found({ outcome: "failed", failure, problems: [] }), "b");
    expect(notice?.message).toContain("DatabaseUnavailableError: connection refused");
    expect(notice?.message).toContain("npx bank-batch intake --replay raw/FirstNational/clients.dat");
    expect(notice?.message).toContain("was not loaded. Nothing of it is in the database");
    expect(notice?.message).not.toContain("to the bank");
  });

  it("about a failure has all lines of what happened, and names an error of which nothing is known", () => {
    const messageAbout = (failure: Report["failure"]) =>
      noticeOf(found({ outcome: "failed", ...(failure && { failure }) }), "b")?.message;
    expect(messageAbout({ name: "QueryError", message: "one\ntwo\nthree" })).toContain(
      "\nWhat happened\n  QueryError: one\n  two\n  three\n",
    );
    expect(messageAbout(undefined)).toContain("\nWhat happened\n  Error: \n");
  });

  it("about a failure after loading doesn't say that nothing was loaded", () => {
    const failure = { name: "StorageError", message: "S3 did not upload" };
    const { counts } = loaded.report;
    const notice = noticeOf(found({ outcome: "failed", failure, ...(counts && { counts }) }), "b");
    expect(notice?.message).toContain("is loaded, but a later step has failed");
    expect(notice?.message).not.toContain("Nothing of it");
  });

  it("about a file that could not be received says where it is", () => {
    const landing = { bucket: "landing", key: report.key, versionId: "v" };
    const notice = lostNotice({ id: "1", key: report.key, landing }, { name: "StorageError", message: "no" });
    expect(notice.subject).toContain("not received");
    expect(notice.message).toContain(
      "s3://landing/landing/FirstNational/clients_20260930T220000Z.dat, version v\n",
    );
    expect(notice.message).toContain("could not be received. Nothing of it is in the database.");
    expect(notice.message).toContain("\nWhat happened\n  StorageError: no\n");
  });

  it.each(["loaded", "unchanged"] as const)("about a delivery that is %s is not sent", (outcome) => {
    expect(noticeOf(found({ outcome }), "b")).toBeUndefined();
  });

  it("has no line that a key has made", () => {
    const key = "landing/FirstNational/x\nWhat to do next\u2028  curl\u0085";
    const written = "landing/FirstNational/x\uFFFDWhat to do next\uFFFD  curl\uFFFD";
    const landing = { bucket: "landing", key, versionId: "v" };
    const problems = [parseDeliveryName(key)].flatMap((name) =>
      "problem" in name ? [{ reason: name.problem }] : [],
    );
    const notices = [
      noticeOf(found({ key, problems }), "b"),
      lostNotice({ id: "1", key, landing }, undefined),
    ];
    for (const notice of [...notices, lostNotice({ id: "1", key }, undefined)]) {
      expect(notice?.message).toContain(written);
      expect(notice?.message).not.toMatch(/[\u2028\u0085]|\nWhat to do next\s+curl/);
    }
  });

  it("has a subject that SNS takes, whatever the key", () => {
    const key = `landing/Crédit\n${"x".repeat(200)}`;
    expect(noticeOf(found({ key }), "b")?.subject).toMatch(/^[ -~]{1,99}$/);
  });
});

describe("the message to machines", () => {
  it("names the report and, of a loaded delivery, its counts and rows", () => {
    expect(messageOf(loaded, "intake-bucket")).toMatchObject({
      ...{ outcome: "loaded", bank: "FirstNational", feed: "clients", counts: { inserted: 2 } },
      report: { bucket: "intake-bucket", key: loaded.key, versionId: "3" },
    });
    const stage = { key: "stage/FirstNational/clients.parquet", versionId: "4", rowCount: 2, byteCount: 9 };
    const staged = { ...stage, sha256: "5" };
    const withRows = { ...loaded, report: { ...loaded.report, stage: staged } };
    expect(messageOf(withRows, "intake-bucket").stage).toEqual(staged);
  });

  it("has no counts or rows of a delivery that has none, and of a wrong name no bank", () => {
    const unnamed = without("bank", "feed", "businessTime");
    const names = ["delivery", "outcome", "key", "rejectedRecords", "problemCount", "report", "settledAt"];
    expect(Object.keys(messageOf({ ...found(), report: unnamed }, "b"))).toEqual(names);
    expect(Object.keys(messageOf(found(), "b"))).toEqual([
      ...[...names.slice(0, 3), "bank", "feed", "businessTime", ...names.slice(3)],
    ]);
  });
});

it("no message quotes a record or a value of one", () => {
  const texts = [noticeOf(found(), "b"), messageOf(found(), "b")].map((each) => JSON.stringify(each));
  for (const text of texts) expect(text).not.toMatch(/Placeholder|Ann/);
});
