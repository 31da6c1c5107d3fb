import { RequestError } from "../../../src/platform/errors";
import { parseRequest } from "../../../src/extract/request";

const now = new Date("2026-11-20T12:00:00Z");
const months = (event: unknown) => parseRequest(event, now).months;

function refusal(event: unknown): RequestError {
  try {
    parseRequest(event, now);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("a request", () => {
  it("can be for one month", () => {
    expect(parseRequest({ month: "2026-09" }, now)).toEqual({
      definition: expect.objectContaining({ name: "loan_moving_average" }) as unknown,
      months: ["2026-09"],
      restate: false,
      allowEmpty: false,
      dryRun: false,
      diff: false,
      motive: {},
    });
  });

  it.each([
    [{ reason: "late loans" }, { reason: "late loans" }],
    [
      { reason: " late loans ", by: "a.person" },
      { reason: "late loans", by: "a.person" },
    ],
  ])("for a restatement may have a reason and a name: %j", (said, motive) => {
    expect(parseRequest({ month: "2026-09", restate: true, ...said }, now).motive).toEqual(motive);
    expect(() => parseRequest({ month: "2026-09", ...said }, now)).toThrow("reason and by are for restate");
  });

  it("can be for a range, both ends included", () => {
    expect(months({ from: "2025-11", to: "2026-01" })).toEqual(["2025-11", "2025-12", "2026-01"]);
  });

  it("can be for any month since 1900, because banks have old loans", () => {
    expect(months({ month: "1900-01" })).toEqual(["1900-01"]);
    expect(months({ scheduledTime: "1900-02-01T00:00:00Z" })).toEqual(["1900-01"]);
  });

  it("is for the moving average unless it names another extract", () => {
    expect(parseRequest({ month: "2026-09", extract: "loan_detail" }, now).definition.name).toBe(
      "loan_detail",
    );
    expect(parseRequest({ scheduledTime: "2026-10-01T03:00:00Z" }, now).definition.name).toBe(
      "loan_moving_average",
    );
  });

  it("can have restate, allowEmpty and dryRun", () => {
    const flags = { restate: true, allowEmpty: true, dryRun: true };
    expect(parseRequest({ month: "2026-09", ...flags }, now)).toMatchObject({
      restate: true,
      allowEmpty: true,
      dryRun: true,
    });
  });

  it.each([
    ["on time", "2026-10-01T03:00:00Z", "2026-09"],
    ["retried after midnight", "2026-10-31T23:59:59.999Z", "2026-09"],
    ["in January", "2026-01-01T03:00:00Z", "2025-12"],
    ["in another zone, still September in UTC", "2026-10-01T01:00:00+02:00", "2026-08"],
  ])("of a schedule %s is for the month before the event's own time", (_, time, month) => {
    expect(months({ scheduledTime: time })).toEqual([month]);
    expect(
      months({ version: "0", source: "aws.scheduler", "detail-type": "Scheduled Event", time, detail: {} }),
    ).toEqual([month]);
  });

  it("does not depend on the clock: the same event is for the same month days later", () => {
    const event = { scheduledTime: "2026-03-01T03:00:00Z" };
    expect(parseRequest(event, new Date("2026-03-01T03:00:01Z")).months).toEqual(["2026-02"]);
    expect(parseRequest(event, new Date("2026-07-09T00:00:00Z")).months).toEqual(["2026-02"]);
  });

  it.each([
    [{ month: "2026-13" }, "month: expected a month as YYYY-MM"],
    [{ month: "2026-1" }, "month: expected a month as YYYY-MM"],
    [{ month: "0000-12" }, "month: expected a month as YYYY-MM"],
    [{ month: "0001-01" }, "month: expected a month from 1900-01 on, not 0001-01"],
    [{ month: "0206-09" }, "month: expected a month from 1900-01 on, not 0206-09"],
    [{ month: "1899-12" }, "month: expected a month from 1900-01 on, not 1899-12"],
    [{ from: "0206-01", to: "2026-02" }, "from: expected a month from 1900-01 on, not 0206-01"],
    [{ scheduledTime: "0001-01-31T03:00:00Z" }, "scheduledTime: expected a time after 1900-01"],
    [{ scheduledTime: "1900-01-31T23:59:59Z" }, "scheduledTime: expected a time after 1900-01"],
    [
      { month: "2026-09", extract: "loans" },
      'extract: expected loan_moving_average or loan_detail, not "loans"',
    ],
    [{ month: 202609 }, "month: expected a month as YYYY-MM"],
    [{ month: "2026-09", bank: "First" }, "bank: unknown key"],
    [{ from: "2026-06", to: "2026-01" }, "from (2026-06) is after to (2026-01)"],
    [{ from: "2026-06" }, "to is missing"],
    [{ to: "2026-06" }, "from is missing"],
    [{ month: "2026-09", from: "2026-01", to: "2026-02" }, "but got several"],
    [{}, "but got none"],
    [{ allowEmpty: 1, month: "2026-09" }, "allowEmpty: expected true or false"],
    [{ restate: "yes", month: "2026-09" }, "restate: expected true or false"],
    [{ scheduledTime: "2026-02-29T03:00:00Z" }, "scheduledTime: expected a day that exists"],
    [{ scheduledTime: "2026-09-31T03:00:00+02:00" }, "scheduledTime: expected a day that exists"],
    [{ scheduledTime: "yesterday" }, "scheduledTime: expected a time in ISO 8601"],
    [null, "expected a JSON object"],
    ["2026-09", "expected a JSON object"],
    [[], "one of month"],
  ])("is refused for %j, and the error says what was expected", (event, expected) => {
    expect(refusal(event).message).toContain(expected);
    expect(refusal(event).exitCode).toBe(64);
  });

  it("is refused with an example of what can be asked for, in the words of the place where it is read", () => {
    const { hint, hintOnTerminal } = refusal({});
    expect(hint).toContain('{"month": "2026-09"}, or a range, {"from": "2026-01", "to": "2026-06"}');
    expect(hintOnTerminal).toContain("--month 2026-09, or a range, --from 2026-01 --to 2026-06");
  });

  it("is refused with all mistakes at once", () => {
    const { message } = refusal({ month: "2026-13", from: "x", monht: "2026-09", bank: 1, dryRun: 1 });
    for (const key of ["month:", "from:", "monht:", "bank:", "dryRun:"]) expect(message).toContain(key);
  });

  it("is refused for a month that has not ended, and the error names the last month that has", () => {
    expect(refusal({ month: "2026-11" }).message).toBe(
      "wrong input: 2026-11 has not ended (UTC); the last month that has is 2026-10",
    );
    expect(refusal({ from: "2026-10", to: "2026-12" }).message).toContain("2026-11, 2026-12 has not ended");
    expect(refusal({ scheduledTime: "2027-01-01T03:00:00Z" }).message).toContain("2026-12 has not ended");
  });
});
