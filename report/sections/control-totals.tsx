/** The control totals in each month's manifest. */
import type { JSX } from "preact";

import { columnChart } from "../charts";
import { shortMonth } from "../dates";
import { formatWhole } from "../decimal";
import type { MonthFigures } from "../figures";
import { Chart, Numbers, Table, Wide } from "./parts";

export function ControlTotals({ months }: { months: readonly MonthFigures[] }): JSX.Element {
  return (
    <>
      <p class="muted">
        Totals of all banks, from each month's manifest. They were reconciled with the table{" "}
        <code>loans</code> before the month was published.
      </p>
      <figure class="beside">
        <Chart
          label="Column chart: total amount of the loans taken out in each month. The table has the figures."
          svg={columnChart(
            months.map(({ month, totals }) => ({
              label: shortMonth(month),
              value: totals === undefined ? null : Number(totals["loanTotal"]),
            })),
          )}
        />
        <Wide label="Control totals by month">
          <Table
            columns={[
              "Month",
              ...["Rows", "Loans", "Amount", "Without amount", "Negative"].map((number) => ({ number })),
            ]}
          >
            {months.map(({ month, totals, quality }) => (
              <tr>
                <th scope="row">{month}</th>
                <Numbers
                  texts={[
                    totals?.rowCount,
                    totals?.["loanCount"],
                    totals?.["loanTotal"],
                    quality?.["loansWithoutAmount"],
                    quality?.["loansWithNegativeAmount"],
                  ].map((number) => (number === undefined ? undefined : formatWhole(BigInt(number))))}
                />
              </tr>
            ))}
          </Table>
        </Wide>
      </figure>
    </>
  );
}
