/** The branches whose moving average changed most. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import type { Mover } from "../averages";
import { changeChart } from "../charts";
import { longMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole } from "../decimal";
import { Chart, Numbers, Table, Wide } from "./parts";

export function Movers({
  movers,
  ends,
}: {
  movers: readonly Mover[];
  ends: readonly [Month, Month];
}): JSX.Element {
  const [first, last] = ends.map(longMonth);
  if (movers.length === 0)
    return (
      <p>
        No branch has a moving average in both {first} and {last}.
      </p>
    );
  return (
    <>
      <p class="muted">
        The change of <code>moving_average_3m</code> from {first} to {last}, in percent, for the{" "}
        {movers.length === 1 ? "branch" : `${movers.length} branches`} with the largest change. Branches
        without an average in either month are left out. Where there are few loans, as the last column shows,
        large changes are common.
      </p>
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
              "Bank, address",
              ...["Before", "After", "Change", "Loans"].map((number) => ({ number })),
            ]}
          >
            {movers.map(({ bankName, branchId, address, before, after, changePerMille, loanCount }) => (
              <tr>
                <th scope="row">{branchId}</th>
                <td>
                  {bankName}
                  {address !== "" && <span class="muted">, {address}</span>}
                </td>
                <Numbers
                  texts={[
                    formatHundredths(before),
                    formatHundredths(after),
                    formatPercent(changePerMille),
                    formatWhole(loanCount),
                  ]}
                />
              </tr>
            ))}
          </Table>
        </Wide>
      </figure>
    </>
  );
}
