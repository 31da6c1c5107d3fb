/** The input of a run of the lake. */
import { pipelineDatasets } from "../../../src/lake/datasets";
import { parseLakeRequest } from "../../../src/lake/request";

const NOW = new Date("2026-10-05T10:00:00Z");
const parse = (input: unknown) => parseLakeRequest(input, NOW, pipelineDatasets);

it("asks for a month, a range or all, of one dataset or all, again or not", () => {
  const names = ({ datasets }: ReturnType<typeof parse>) => datasets.map(({ name }) => name);
  const one = parse({ month: "2026-09", dataset: "loans" });
  expect([names(one), one.months, one.remake]).toEqual([["loans"], ["2026-09"], false]);
  const range = parse({ from: "2025-12", to: "2026-02", remake: true });
  expect([range.months, range.remake]).toEqual([["2025-12", "2026-01", "2026-02"], true]);
  expect(names(range)).toEqual(pipelineDatasets.map(({ name }) => name));
  expect(parse({ all: true }).months).toBeUndefined();
});

it.each<[unknown, string]>([
  [undefined, 'expected a JSON object such as {"month": "2026-09"}'],
  [[], "expected one of month, from with to, or all, but got none"],
  [{}, "expected one of month, from with to, or all, but got none"],
  [{ month: "2026-09", all: true }, "expected one of month, from with to, or all, but got several"],
  [{ month: "2026-9" }, 'month: expected a month as YYYY-MM, such as 2026-09, not "2026-9"'],
  [{ from: "2026-09", to: "2026-12" }, "2026-10, 2026-11, 2026-12 has not ended (UTC); the last month"],
  [{ month: 9, remake: 1 }, "month: expected a month as YYYY-MM; remake: expected true or false"],
  [{ month: 9 }, "month: expected a month as YYYY-MM"],
  [{ from: "2026-01" }, "to is missing: a range needs both from and to"],
  [{ to: "2026-01" }, "from is missing: a range needs both from and to"],
  [{ from: "2026-02", to: "2026-01" }, "from (2026-02) is after to (2026-01)"],
  [{ month: "2026-10" }, "2026-10 has not ended (UTC); the last month that has is 2026-09"],
  [{ all: false }, "all: expected true"],
  [{ all: true, remake: "yes" }, "remake: expected true or false"],
  [{ all: true, dataset: 1 }, "dataset: expected the name of a dataset"],
  [{ all: true, dataset: "other" }, "dataset: expected loan_moving_average or "],
  [{ all: true, moth: "2026-09" }, "moth: unknown key; known are dataset, month, from, to, all, remake"],
])("%j is refused, and what is wrong is named", (input, message) => {
  const refused = expect.objectContaining({
    name: "RequestError",
    message: expect.stringContaining(`wrong input: ${message}`) as string,
    hint: 'Ask for one closed month, {"month": "2026-09"}, a range, {"from": "2026-01", "to": "2026-06"}, or {"all": true}.',
    hintOnTerminal:
      "Ask for one closed month, --month 2026-09, a range, --from 2026-01 --to 2026-06, or --all.",
  }) as unknown;
  let thrown: unknown;
  try {
    parse(input);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toEqual(refused);
});
