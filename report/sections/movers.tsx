/** The branches whose moving average changed most. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import type { Mover } from "../averages";
import { changeChart } from "../charts";
import { longMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole } from "../decimal";
import { Chart, Numbers, Table, Wide } from "./parts";

export function moversLead(movers: readonly Mover[], ends: readonly [Month, Month]): string {
  const [first, last] = ends.map(longMonth);
  if (movers.length === 0) return `No branch has a moving average in both ${first ?? ""} and ${last ?? ""}.`;
  return (
    `The change of the moving average from ${first ?? ""} to ${last ?? ""}, for the ` +
    `${movers.length === 1 ? "branch" : `${movers.length} branches`} with the largest change. Branches without an ` +
    "average in either month are left out. Where there are few loans, large changes are common."
  );
}

export function Movers({ movers }: { movers: readonly Mover[] }): JSX.Element {
  return (
    <figure class="beside">
      <Chart
        label={`Bar chart: change in percent of the moving average of ${movers.length} branches. The table has the figures.`}
        svg={changeChart(
          movers.map(({ branchId, changePerMille }) => ({
            label: branchId,
            value: Number(changePerMille) / 10,
          })),
        )}
      />
      <Wide label="Branches with the largest changes">
        <Table
          columns={[
            "Branch",
            { number: "Change" },
            { number: "Before", isSpare: true },
            { number: "After" },
            { number: "Loans" },
          ]}
        >
          {movers.map(({ bankName, branchId, address, before, after, changePerMille, loanCount }) => (
            <tr>
              <th scope="row" class="name">
                {branchId}
                <span class="muted">
                  , {bankName}
                  {address !== "" && `, ${address}`}
                </span>
              </th>
              <Numbers texts={[formatPercent(changePerMille)]} />
              <td class="number spare">{formatHundredths(before)}</td>
              <Numbers texts={[formatHundredths(after), formatWhole(loanCount)]} />
            </tr>
          ))}
        </Table>
      </Wide>
    </figure>
  );
}
