/** The contract's table of errors matches the code. */
import { readFileSync } from "node:fs";
import path from "node:path";

import * as errors from "../../../src/platform/errors";
import { noticeOf } from "../../../src/extract/notice";
import { ROOT } from "../../support/root";

const contract = readFileSync(path.join(ROOT, "docs/contract.md"), "utf8");
const rows = [...contract.matchAll(/^\| `(\w+Error)` +\|[^|]+\| ([^|]+?) +\| ([^|]+?) +\|$/gm)].map(
  ([, name = "", retry = "", exitCode = ""]) => ({ name, retry, exitCode }),
);

const details = { hint: "Do this." };
const kinds = Object.values(errors).filter((kind) => kind !== errors.BatchError);

it("the contract lists every error with its retry and exit code", () => {
  const expected = kinds.flatMap((Kind) => {
    const made = [false, true].map((retry) => new Kind("what", { ...details, retry }));
    const retry = made.map((error) => (error.retry ? "yes" : "no"));
    const isFixed = retry[0] === retry[1];
    return {
      name: made[0]?.name,
      retry: isFixed ? retry[0] : "by status",
      exitCode: isFixed
        ? String(made[0]?.exitCode)
        : made.map(({ exitCode }) => String(exitCode)).join(" or "),
    };
  });
  const byName = (one: { name?: string | undefined }, other: { name?: string | undefined }) =>
    String(one.name).localeCompare(String(other.name));
  expect(rows.sort(byName)).toEqual(expected.sort(byName));
});

it.each(kinds.map((Kind) => new Kind("what", { ...details, retry: false })))(
  "the e-mail about $name explains what the error means",
  ({ name }) => {
    const notice = noticeOf({
      timestamp: "2026-10-01T03:12:45Z",
      requestContext: {
        requestId: "1",
        functionArn: "a:b:c:d:e:f:g",
        condition: "RetriesExhausted",
        approximateInvokeCount: 1,
      },
      requestPayload: { month: "2026-08" },
      responsePayload: { errorType: name, errorMessage: "what" },
    });
    expect(notice.message).not.toContain("did not foresee");
  },
);
