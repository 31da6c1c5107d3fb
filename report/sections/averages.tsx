/** Each bank's moving average, month by month. */
import type { JSX } from "preact";

import { lineChart } from "../charts";
import { longMonth, shortMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole, quotient, toNumber } from "../decimal";
import type { BankFigures } from "../figures";
import { Chart, Numbers, Table } from "./parts";

export function Averages({ banks }: { banks: readonly BankFigures[] }): JSX.Element {
  return (
    <>
      <p class="muted">
        The average over a bank's individual loans in the three calendar months that end with the month shown:
        the sum of its branches' loan amounts divided by the number of those loans. A gap is a month without a
        figure. Each chart has its own scale, which may start above 0.
      </p>
      <div class="figures">
        {banks.map((bank) => (
          <BankFigure bank={bank} />
        ))}
      </div>
    </>
  );
}

function BankFigure({ bank: { name, points } }: { bank: BankFigures }): JSX.Element {
  const known = points.flatMap(({ month, average }) => (average === undefined ? [] : [{ month, average }]));
  const [first, last] = [known[0], known.at(-1)];
  const change =
    first === undefined || last === undefined || first === last || first.average <= 0n
      ? undefined
      : formatPercent(quotient(1000n * (last.average - first.average), first.average));
  const summary =
    first === undefined || last === undefined
      ? "no figures"
      : `${formatHundredths(last.average)} in ${longMonth(last.month)}${
          change === undefined ? "" : `, ${change} since ${longMonth(first.month)}`
        }`;
  return (
    <figure>
      <figcaption>
        <h3>{name}</h3>
        <p>{summary}</p>
      </figcaption>
      {first !== undefined && <AverageChart name={name} points={points} summary={summary} />}
    </figure>
  );
}

function AverageChart({ name, points, summary }: Omit<BankFigures, "id"> & { summary: string }): JSX.Element {
  return (
    <>
      <Chart
        label={`Line chart: moving average of ${name} by month; ${summary}. The table has the figures.`}
        svg={lineChart(
          points.map(({ month, average }) => ({
            label: shortMonth(month),
            value: average === undefined ? null : toNumber(average),
          })),
        )}
      />
      <Table
        caption={`Moving average of ${name} by month`}
        columns={["Month", { number: "Moving average" }, { number: "Loans in window" }]}
      >
        {points.map(({ month, average, windowLoanCount }) => (
          <tr>
            <th scope="row">{month}</th>
            <Numbers texts={[shown(average, formatHundredths), shown(windowLoanCount, formatWhole)]} />
          </tr>
        ))}
      </Table>
    </>
  );
}

function shown(value: bigint | undefined, format: (value: bigint) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}
