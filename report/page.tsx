/** The report as a page: everything inline, nothing fetched, and every text of the data escaped by being a text node. */
import type { ComponentChildren, JSX } from "preact";
import { renderToString } from "preact-render-to-string";

import { calendarOf, type Cell, REVISION_MEANING, signs } from "../src/extract/calendar";
import { type Month, monthPart, yearPart } from "../src/platform/month";
import type { Mover } from "./averages";
import { changeChart, columnChart, lineChart } from "./charts";
import { formatChange, formatHundredths, formatPercent, formatWhole, quotient, toNumber } from "./decimal";
import type { BankFigures, Figures, MonthFigures } from "./figures";
import type { FileChange, Restatement } from "./restatements";
import { style } from "./style";

export function page(figures: Figures): string {
  return `<!doctype html>\n${renderToString(<Page {...figures} />)}\n`;
}

function Page(figures: Figures): JSX.Element {
  const { months, banks, movers, ends, restatements, problems } = figures;
  const [first, last] = [months[0]?.month, months.at(-1)?.month];
  const range = first === last ? longMonth(first) : `${longMonth(first)} to ${longMonth(last)}`;
  const title = `Loan report, ${range}`;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {/* The page can't fetch anything, whatever stands in the data. */}
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <link rel="icon" href="data:," />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <header>
          <h1>{title}</h1>
          <p class="muted">
            Made of the files of <code>{figures.extract}</code> in <code>{figures.location}</code>, each read
            by its version and held against its SHA-256, on {instant(figures.madeAt.toISOString())}.
          </p>
          <Tiles {...figures} />
        </header>
        <main>
          <Section title="To look into">
            {problems.length === 0 ? (
              <p>Nothing: every file is what its manifest says, and stands in its place.</p>
            ) : (
              <ul class="problems">
                {problems.map(({ what, details = [] }) => (
                  <li>
                    {what}
                    {details.length > 0 && (
                      <ul>
                        {details.map((detail) => (
                          <li>{detail}</li>
                        ))}
                      </ul>
                    )}
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section title="What is there">
            <Calendar months={months} />
          </Section>
          {banks.length > 0 && (
            <Section title="Moving average of loan amounts">
              <p class="muted">
                Over all single loans of a bank in the three calendar months that end with the month: the sum
                of its branches' loan amounts divided by the number of those loans. A gap is a month without a
                figure. Each chart has its own scale, which need not begin at 0.
              </p>
              <div class="figures">
                {banks.map((bank) => (
                  <BankFigure bank={bank} />
                ))}
              </div>
            </Section>
          )}
          {movers !== undefined && ends !== undefined && (
            <Section title="Branches that moved most">
              <Movers movers={movers} ends={ends} />
            </Section>
          )}
          <Section title="Control totals">
            <ControlTotals months={months} />
          </Section>
          <Section title="Restatements">
            <Restatements restatements={restatements} />
          </Section>
        </main>
        <footer class="muted">
          Amounts are in the currency unit of the table <code>loans</code>. bank-batch{" "}
          {figures.programVersion}.
        </footer>
      </body>
    </html>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Tiles({ months, fileCount, problems, restatements }: Figures): JSX.Element {
  const published = months.filter(({ status }) => status === "published").length;
  const tiles: [string, string][] = [
    ["months published", `${published} of ${months.length}`],
    ["files read and whole", formatWhole(fileCount)],
    ["restatements", formatWhole(restatements.length)],
    ["to look into", formatWhole(problems.length)],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A wide table scrolls by itself, by keyboard too; the page never does. */
function Wide({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="wide" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

function Calendar({ months }: { months: readonly MonthFigures[] }): JSX.Element {
  const { years, banks, used, hasRevisions } = calendarOf(months);
  return (
    <>
      {years.map((abreast) => (
        <Wide label="Banks by months">
          <table class="calendar">
            <thead>
              <tr>
                <th scope="col">Bank</th>
                {abreast.map((month) => (
                  <th scope="col">
                    <abbr title={longMonth(month)}>
                      {monthPart(month)}
                      <small>{yearPart(month)}</small>
                    </abbr>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {banks.map(({ name, cells }) => (
                <tr>
                  <th scope="row">{name}</th>
                  {abreast.map((month) => (
                    <CalendarCell cell={cells.get(month)} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      ))}
      <ul class="legend">
        {used.map((each) => (
          <li>
            <span class={`sign ${each}`} aria-hidden="true">
              {signs[each].sign}
            </span>{" "}
            {signs[each].meaning}
          </li>
        ))}
        {hasRevisions && (
          <li>
            <span class="sign">
              <sup>2</sup>
            </span>{" "}
            {REVISION_MEANING}
          </li>
        )}
      </ul>
    </>
  );
}

function CalendarCell({ cell }: { cell: Cell | undefined }): JSX.Element {
  if (cell === undefined) return <td />;
  const { sign, revision } = cell;
  return (
    <td class={sign}>
      <span aria-hidden="true">{signs[sign].sign}</span>
      <span class="spoken">{signs[sign].meaning}</span>
      {revision !== undefined && (
        <sup>
          <span class="spoken">, revision </span>
          {revision}
        </sup>
      )}
    </td>
  );
}

function Chart({ label, svg }: { label: string; svg: string }): JSX.Element {
  return <div class="chart" role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: svg }} />;
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
      ? "no figure in any month"
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
      <table>
        <caption class="spoken">Moving average of {name} by month</caption>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col" class="number">
              Moving average
            </th>
            <th scope="col" class="number">
              Loans in window
            </th>
          </tr>
        </thead>
        <tbody>
          {points.map(({ month, average, windowLoanCount }) => (
            <tr>
              <th scope="row">{month}</th>
              <td class="number">{average === undefined ? "–" : formatHundredths(average)}</td>
              <td class="number">{windowLoanCount === undefined ? "–" : formatWhole(windowLoanCount)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Movers({ movers, ends }: { movers: readonly Mover[]; ends: readonly [Month, Month] }): JSX.Element {
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
        Change of <code>moving_average_3m</code> from {first} to {last}, in percent; the{" "}
        {movers.length === 1 ? "one" : `${movers.length}`} that changed most of all branches that have one in
        both. Few loans make large changes: see the last column.
      </p>
      <figure class="beside">
        <Chart
          label={`Bar chart: change of the moving average of ${movers.length} branches in percent. The table has the figures.`}
          svg={changeChart(
            movers.map(({ branchId, changePerMille }) => ({
              label: branchId,
              value: Number(changePerMille) / 10,
            })),
          )}
        />
        <Wide label="Branches that moved most">
          <table>
            <thead>
              <tr>
                <th scope="col">Branch</th>
                <th scope="col">Bank, address</th>
                <th scope="col" class="number">
                  Before
                </th>
                <th scope="col" class="number">
                  After
                </th>
                <th scope="col" class="number">
                  Change
                </th>
                <th scope="col" class="number">
                  Loans
                </th>
              </tr>
            </thead>
            <tbody>
              {movers.map(({ bankName, branchId, address, before, after, changePerMille, loanCount }) => (
                <tr>
                  <th scope="row">{branchId}</th>
                  <td>
                    {bankName}
                    {address !== "" && <span class="muted">, {address}</span>}
                  </td>
                  <td class="number">{formatHundredths(before)}</td>
                  <td class="number">{formatHundredths(after)}</td>
                  <td class="number">{formatPercent(changePerMille)}</td>
                  <td class="number">{formatWhole(loanCount)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      </figure>
    </>
  );
}

function ControlTotals({ months }: { months: readonly MonthFigures[] }): JSX.Element {
  const cell = (text: string | number | undefined) =>
    text === undefined ? "–" : formatWhole(typeof text === "string" ? BigInt(text) : text);
  return (
    <>
      <p class="muted">
        Of all banks, as each month's manifest has them; they were reconciled with the table{" "}
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
          <table>
            <thead>
              <tr>
                <th scope="col">Month</th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Loans
                </th>
                <th scope="col" class="number">
                  Amount
                </th>
                <th scope="col" class="number">
                  Without amount
                </th>
                <th scope="col" class="number">
                  Negative
                </th>
              </tr>
            </thead>
            <tbody>
              {months.map(({ month, totals, quality }) => (
                <tr>
                  <th scope="row">{month}</th>
                  <td class="number">{cell(totals?.rowCount)}</td>
                  <td class="number">{cell(totals?.["loanCount"])}</td>
                  <td class="number">{cell(totals?.["loanTotal"])}</td>
                  <td class="number">{cell(quality?.["loansWithoutAmount"])}</td>
                  <td class="number">{cell(quality?.["loansWithNegativeAmount"])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      </figure>
    </>
  );
}

function Restatements({ restatements }: { restatements: readonly Restatement[] }): JSX.Element {
  if (restatements.length === 0) return <p>None: every month is as it was first published.</p>;
  return (
    <>
      {restatements.map(({ month, revision, publishedAt, replaced, files }) => (
        <article>
          <h3>
            {longMonth(month as Month)}, revision {revision}
          </h3>
          <p class="muted">
            Published on {instant(publishedAt)}, in place of revision {replaced.revision} of{" "}
            {instant(replaced.publishedAt)}.
          </p>
          <ul>
            {files.map((file) => (
              <li>
                <strong>{file.bankName}</strong>: {changeInWords(file)}
              </li>
            ))}
          </ul>
        </article>
      ))}
    </>
  );
}

function changeInWords(file: FileChange): string {
  switch (file.what) {
    case "same bytes":
      return "the same bytes as before.";
    case "added":
      return "no file before.";
    case "dropped":
      return "no file any more.";
    case "gone":
      return `can't be compared: the bucket no longer keeps the file of revision ${file.revision}.`;
    case "damaged":
      return `can't be compared: the file of revision ${file.revision} is not what the manifest says.`;
    case "changed": {
      const { before, after, branches } = file;
      const loans = formatChange(before.loanCount, after.loanCount, "loans", "as many loans");
      const total = formatChange(before.loanTotal, after.loanTotal, "in all", "the same amount in all");
      const rows =
        branches === undefined
          ? formatChange(BigInt(before.rowCount), BigInt(after.rowCount), "rows", "as many rows")
          : [
              `${formatWhole(branches.changed)} of ${formatWhole(before.rowCount)} branches changed`,
              ...(branches.added > 0 ? [`${formatWhole(branches.added)} added`] : []),
              ...(branches.dropped > 0 ? [`${formatWhole(branches.dropped)} dropped`] : []),
            ].join(", ");
      return `${rows}; in the month itself ${loans}, ${total}.`;
    }
  }
}

const names = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const shortNames = new Intl.DateTimeFormat("en", { month: "short", year: "2-digit", timeZone: "UTC" });

function longMonth(month: Month | undefined): string {
  return month === undefined ? "" : names.format(new Date(`${month}-01`));
}

function shortMonth(month: Month): string {
  return shortNames.format(new Date(`${month}-01`));
}

function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
