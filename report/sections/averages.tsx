/** Each bank's moving average, month by month, on one scale for all banks or on its own. */
import type { JSX } from "preact";

import type { Month } from "../../src/platform/month";
import { type Axis, axisAround, axisFromZero } from "../axis";
import type { BankFigures } from "../bank-figures";
import { known, lineChart, type Point } from "../charts";
import { longMonth, shortMonth } from "../dates";
import { formatHundredths, formatPercent, formatWhole, quotient, toNumber } from "../decimal";
import type { Remark } from "../remarks";
import { Chart, Foldable, Numbers, Table } from "./parts";

export const AVERAGES =
  "The average over a bank's individual loans in the three calendar months that end with the month shown: the sum of " +
  "its branches' loan amounts divided by the number of those loans. A gap is a month without a figure.";

interface Props {
  readonly banks: readonly BankFigures[];
  readonly remarks: readonly Remark[];
}

export function Averages({ banks, remarks }: Props): JSX.Element {
  const figures = banks.map((bank) => ({ bank, points: pointsOf(bank, remarks) }));
  const shared = axisFromZero(figures.flatMap(({ points }) => known(points)));
  const hasCharts = figures.some(({ points }) => isDrawn(points));
  return (
    <div class="scales">
      {hasCharts && (
        <div class="choice" role="radiogroup" aria-label="Scale of the charts">
          <span aria-hidden="true">Scale:</span>
          <label>
            <input type="radio" name="scale" id="scale-shared" checked /> the same for all banks, from 0
          </label>
          <label>
            <input type="radio" name="scale" id="scale-own" /> each bank's own
          </label>
        </div>
      )}
      <div class="figures">
        {figures.map(({ bank, points }) => (
          <BankFigure bank={bank} points={points} shared={shared} />
        ))}
      </div>
    </div>
  );
}

function pointsOf({ id, points }: BankFigures, remarks: readonly Remark[]): Point[] {
  const remarkable = new Set<Month>(
    remarks.flatMap(({ bankId, measure, month }) => (bankId === id && measure === "average" ? [month] : [])),
  );
  return points.map(({ month, average }) => ({
    label: shortMonth(month),
    value: average === undefined ? null : toNumber(average),
    isRemarkable: remarkable.has(month),
  }));
}

/** A single point makes no line. */
function isDrawn(points: readonly Point[]): boolean {
  return known(points).length > 1;
}

function BankFigure(props: { bank: BankFigures; points: readonly Point[]; shared: Axis }): JSX.Element {
  const { bank, points, shared } = props;
  const { name } = bank;
  const summary = summaryOf(bank);
  const label = `Line chart: moving average of ${name} by month; ${summary}. The table has the figures.`;
  return (
    <figure>
      <figcaption>
        <h3>{name}</h3>
        <p>{summary}</p>
      </figcaption>
      {isDrawn(points) && (
        <>
          <Chart kind="shared" label={label} svg={lineChart(points, shared)} />
          <Chart kind="own" label={label} svg={lineChart(points, axisAround(known(points)))} />
        </>
      )}
      {known(points).length > 0 && (
        <Foldable title="Figures by month" rows={points.length}>
          <AverageTable bank={bank} />
        </Foldable>
      )}
    </figure>
  );
}

function summaryOf({ points }: BankFigures): string {
  const withAverage = points.flatMap(({ month, average }) =>
    average === undefined ? [] : [{ month, average }],
  );
  const [first, last] = [withAverage[0], withAverage.at(-1)];
  if (first === undefined || last === undefined) return "no figures";
  const now = `${formatHundredths(last.average)} in ${longMonth(last.month)}`;
  if (first === last || first.average <= 0n) return now;
  const change = formatPercent(quotient(1000n * (last.average - first.average), first.average));
  return `${now}, ${change} since ${longMonth(first.month)}`;
}

function AverageTable({ bank: { name, points } }: { bank: BankFigures }): JSX.Element {
  return (
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
  );
}

function shown(value: bigint | undefined, format: (value: bigint) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}
