/** The control totals in each month's manifest. */
import type { JSX } from "preact";

import type { BankFigures } from "../bank-figures";
import { columnChart, known, type Point } from "../charts";
import { shortMonth } from "../dates";
import { formatWhole } from "../decimal";
import type { MonthFigures } from "../figures";
import type { Remark } from "../remarks";
import { Chart, Foldable, Numbers, Table, Wide } from "./parts";

export const CONTROL_TOTALS =
  "Totals of all banks, from each month's manifest. They were reconciled with the table loans before the month was " +
  "published.";

interface Props {
  readonly months: readonly MonthFigures[];
  readonly all: BankFigures;
  readonly remarks: readonly Remark[];
}

export function ControlTotals({ months, all, remarks }: Props): JSX.Element {
  const points = months.map(({ month, totals }): Point => ({
    label: shortMonth(month),
    value: totals === undefined ? null : Number(totals["loanTotal"]),
    isRemarkable: remarks.some(
      (remark) => remark.month === month && remark.measure === "amount" && remark.bankId === all.id,
    ),
  }));
  const isDrawn = known(points).length > 1;
  return (
    <figure class={isDrawn ? "beside" : ""}>
      {isDrawn && (
        <Chart
          label="Column chart: total amount of the loans taken out in each month. The table has the figures."
          svg={columnChart(points)}
        />
      )}
      <Foldable title="Totals by month" rows={months.length}>
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
      </Foldable>
    </figure>
  );
}
