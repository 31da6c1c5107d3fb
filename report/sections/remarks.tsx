/** Remarkable changes, with the rule that finds them. */
import type { JSX } from "preact";

import type { Measure } from "../bank-figures";
import { shortMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole } from "../decimal";
import { ALWAYS_PERCENT, ENOUGH_CHANGES, LEAST_PERCENT, type Remark } from "../remarks";
import { Numbers, Table, Wide } from "./parts";

/** More than this are not shown: the page is for people. */
const SHOWN = 20;

const names: Readonly<Record<Measure, string>> = {
  amount: "amount lent",
  loans: "number of loans",
  average: "moving average",
};

/** The rule in a sentence or two; docs/decisions/33-the-controllers-page.md has its reason. */
export const RULE =
  `A change from one month to the next is remarkable if it is larger than ${LEAST_PERCENT} % and is outside the ` +
  "bank's usual changes in this report: the median, plus or minus 3 robust standard deviations (1.4826 × the median " +
  `distance from the median). With fewer than ${ENOUGH_CHANGES} changes to compare, it is remarkable above ` +
  `${ALWAYS_PERCENT} %.`;

export function Remarks({ remarks }: { remarks: readonly Remark[] }): JSX.Element {
  if (remarks.length === 0) return <p>None.</p>;
  const left = remarks.length - SHOWN;
  return (
    <>
      <Wide label="Remarkable changes">
        <Table
          columns={[
            "Month",
            "Bank",
            { number: "Change" },
            { number: "Usual" },
            { number: "Before" },
            { number: "After" },
          ]}
        >
          {remarks
            .slice(0, SHOWN)
            .map(({ month, bankName, measure, before, after, changePerMille, usual }) => (
              <tr>
                <th scope="row">{shortMonth(month)}</th>
                <td class="name">
                  {bankName}
                  <span class="muted">, {names[measure]}</span>
                </td>
                <td class="number remarkable">
                  {changePerMille === undefined ? "from 0" : formatPercent(changePerMille)}
                </td>
                <Numbers
                  texts={[
                    usual && `${whole(usual[0])} to ${whole(usual[1])} %`,
                    ...[before, after].map(measure === "average" ? formatHundredths : formatWhole),
                  ]}
                />
              </tr>
            ))}
        </Table>
      </Wide>
      {left > 0 && (
        <p class="muted">
          {formatWhole(left)} more in earlier months are not shown. Make the report of a shorter range to see
          them.
        </p>
      )}
    </>
  );
}

/** A change in whole percent, with its sign. */
function whole(perMille: number): string {
  const percent = Math.round(perMille / 10);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${String(Math.abs(percent))}`;
}
