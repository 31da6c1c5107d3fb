/** The report as a page. Everything is inline, nothing is fetched, and data is escaped because it is in text nodes. */
import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";

import { instant, longMonth } from "./dates";
import { formatWhole } from "./decimal";
import type { DeliveryFigures } from "./deliveries";
import type { Figures } from "./figures";
import { Averages, AVERAGES } from "./sections/averages";
import { Calendar } from "./sections/calendar";
import { CONTROL_TOTALS, ControlTotals } from "./sections/control-totals";
import { Deliveries } from "./sections/deliveries";
import { LAKE, LakeMonths } from "./sections/lake";
import { Movers, moversLead } from "./sections/movers";
import { ByBank, byBankLead, Tiles } from "./sections/overview";
import { Section } from "./sections/parts";
import { Problems } from "./sections/problems";
import { Remarks, RULE } from "./sections/remarks";
import { Restatements } from "./sections/restatements";
import { style } from "./style";

/** @param deliveries of these months; without intake, the page has no such section. */
export function page(figures: Figures, deliveries?: DeliveryFigures): string {
  return `<!doctype html>\n${renderToString(<Page {...figures} deliveries={deliveries} />)}\n`;
}

interface PageProps extends Figures {
  readonly deliveries: DeliveryFigures | undefined;
}

function Page(figures: PageProps): JSX.Element {
  const title = titleOf(figures);
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
            Made on {instant(figures.madeAt.toISOString())} from {formatWhole(figures.fileCount)} files of{" "}
            <code>{figures.extract}</code> in <code>{figures.location}</code>. Each file was read by its
            version and checked against its SHA-256.
          </p>
          <Tiles {...figures} />
        </header>
        <main>
          <Sections {...figures} />
        </main>
        <footer class="muted">
          Amounts are in the currency unit of the table <code>loans</code>. bank-batch{" "}
          {figures.programVersion}.
        </footer>
      </body>
    </html>
  );
}

function titleOf({ months }: Figures): string {
  const [first, last] = [months[0]?.month, months.at(-1)?.month];
  return `Loan report, ${first === last ? longMonth(first) : `${longMonth(first)} to ${longMonth(last)}`}`;
}

/** In the order of a controller's questions: how much, what is wrong, what is unusual, what is there, since when. */
function Sections({ deliveries, ...figures }: PageProps): JSX.Element {
  const { months, overview, all, banks, hasAverages, remarks, movers, ends, restatements, lake, problems } =
    figures;
  return (
    <>
      {overview !== undefined && (
        <Section title={`${longMonth(overview.month)} by bank`} lead={byBankLead(overview)}>
          <ByBank overview={overview} hasAverages={hasAverages} remarks={remarks} />
        </Section>
      )}
      <Section title="To look into">
        <Problems problems={problems} />
      </Section>
      {overview !== undefined && (
        <Section title="Remarkable changes" lead={RULE}>
          <Remarks remarks={remarks} />
        </Section>
      )}
      <Section title="Coverage">
        <Calendar months={months} />
      </Section>
      {deliveries !== undefined && (
        <Section title="Deliveries">
          <Deliveries {...deliveries} />
        </Section>
      )}
      {lake !== undefined && (
        <Section title="The lake" lead={LAKE}>
          <LakeMonths lake={lake} />
        </Section>
      )}
      {hasAverages && months.length > 1 && (
        <Section title="Moving average of loan amounts" lead={AVERAGES}>
          <Averages banks={banks} remarks={remarks} />
        </Section>
      )}
      {movers !== undefined && ends !== undefined && (
        <Section title="Branches with the largest changes" lead={moversLead(movers, ends)}>
          {movers.length > 0 && <Movers movers={movers} />}
        </Section>
      )}
      {overview !== undefined && (
        <Section title="Control totals" lead={CONTROL_TOTALS}>
          <ControlTotals months={months} all={all} remarks={remarks} />
        </Section>
      )}
      <Section title="Restatements">
        <Restatements restatements={restatements} />
      </Section>
    </>
  );
}
