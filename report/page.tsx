/** The report as a page. Everything is inline, nothing is fetched, and data is escaped because it is in text nodes. */
import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";

import { instant, longMonth } from "./dates";
import { formatWhole } from "./decimal";
import type { DeliveryFigures } from "./deliveries";
import type { Figures } from "./figures";
import { Averages } from "./sections/averages";
import { Calendar } from "./sections/calendar";
import { ControlTotals } from "./sections/control-totals";
import { Deliveries } from "./sections/deliveries";
import { Movers } from "./sections/movers";
import { Section } from "./sections/parts";
import { Problems } from "./sections/problems";
import { Restatements } from "./sections/restatements";
import { style } from "./style";

/** @param deliveries of these months; without intake, the page has no such section. */
export function page(figures: Figures, deliveries?: DeliveryFigures): string {
  return `<!doctype html>\n${renderToString(<Page {...figures} deliveries={deliveries} />)}\n`;
}

function Page({
  deliveries,
  ...figures
}: Figures & { deliveries: DeliveryFigures | undefined }): JSX.Element {
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
        {/* The page can't fetch anything, whatever the data contains. */}
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
            Made on {instant(figures.madeAt.toISOString())} from the files of <code>{figures.extract}</code>{" "}
            in <code>{figures.location}</code>. Each file was read by its version and checked against its
            SHA-256.
          </p>
          <Tiles {...figures} />
        </header>
        <main>
          <Section title="Problems">
            <Problems problems={problems} />
          </Section>
          <Section title="Calendar">
            <Calendar months={months} />
          </Section>
          {banks.length > 0 && (
            <Section title="Moving average of loan amounts">
              <Averages banks={banks} />
            </Section>
          )}
          {movers !== undefined && ends !== undefined && (
            <Section title="Branches with the largest changes">
              <Movers movers={movers} ends={ends} />
            </Section>
          )}
          <Section title="Control totals">
            <ControlTotals months={months} />
          </Section>
          <Section title="Restatements">
            <Restatements restatements={restatements} />
          </Section>
          {deliveries && (
            <Section title="Deliveries">
              <Deliveries {...deliveries} />
            </Section>
          )}
        </main>
        <footer class="muted">
          Amounts are in the currency unit of the table <code>loans</code>. bank-batch{" "}
          {figures.programVersion}.
        </footer>
      </body>
    </html>
  );
}

function Tiles({ months, fileCount, problems, restatements }: Figures): JSX.Element {
  const published = months.filter(({ status }) => status === "published").length;
  const tiles: [string, string][] = [
    ["months published", `${published} of ${months.length}`],
    ["files read and intact", formatWhole(fileCount)],
    ["restatements", formatWhole(restatements.length)],
    ["problems", formatWhole(problems.length)],
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
