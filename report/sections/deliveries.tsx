/** What banks have delivered: volumes, why files were rejected, and what was late or missing. */
import type { JSX } from "preact";

import { type DayCell, type DeliveryCalendar, daySigns } from "../../src/intake/delivery-calendar";
import type { Day } from "../../src/platform/month";
import { instant } from "../dates";
import { formatWhole } from "../decimal";
import type { DeliveryFigures, Overdue, Reason, Volume } from "../deliveries";
import { Numbers, Table, Wide } from "./parts";

const SHOWN_MONTHS = 2;
const SHOWN_ROWS = 40;

export function Deliveries({ calendar, volumes, reasons, overdue }: DeliveryFigures): JSX.Element {
  if (calendar.banks.length === 0) return <p>No bank has delivered anything.</p>;
  const months = [...new Set(calendar.days.map((day) => day.slice(0, 7)))].slice(-SHOWN_MONTHS);
  return (
    <>
      {months.map((month) => (
        <Days calendar={calendar} month={month} />
      ))}
      <ul class="legend">
        {calendar.used.map((each) => (
          <li>
            <span class={`sign ${each}`} aria-hidden="true">
              {daySigns[each].sign}
            </span>{" "}
            {daySigns[each].meaning}
          </li>
        ))}
      </ul>
      <h3>Volumes</h3>
      <Volumes volumes={volumes} />
      <h3>Why files and records were rejected</h3>
      <Reasons reasons={reasons} />
      <h3>Late and missing</h3>
      <Late overdue={overdue} />
    </>
  );
}

function Days({ calendar, month }: { calendar: DeliveryCalendar; month: string }): JSX.Element {
  const isShown = (day: Day) => day.startsWith(month);
  return (
    <Wide label={`Deliveries of ${month} by bank, feed and day`}>
      <table class="calendar">
        <thead>
          <tr>
            <th scope="col">{month}</th>
            {calendar.days.filter(isShown).map((day) => (
              <th scope="col">
                <abbr title={day}>{day.slice(8)}</abbr>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {calendar.banks.flatMap(({ bank, feeds }) =>
            feeds.map(({ feed, cells }) => (
              <tr>
                <th scope="row">
                  {bank} {feed}
                </th>
                {cells
                  .filter(({ day }) => isShown(day))
                  .map((cell) => (
                    <Cell cell={cell} />
                  ))}
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Wide>
  );
}

function Cell({ cell: { sign } }: { cell: DayCell }): JSX.Element {
  return (
    <td class={sign}>
      <span aria-hidden="true">{daySigns[sign].sign}</span>
      <span class="spoken">{daySigns[sign].meaning}</span>
    </td>
  );
}

function Volumes({ volumes }: { volumes: readonly Volume[] }): JSX.Element {
  const columns = ["Accepted", "Rejected", "Failed", "Days late", "Days missing"];
  const records = ["Records", "New", "Changed", "Same", "Stale", "Left out"];
  return (
    <Wide label="Volumes by bank and feed">
      <Table columns={["Bank", "Feed", ...[...columns, ...records].map((number) => ({ number }))]}>
        {volumes.map((each) => (
          <tr>
            <th scope="row">{each.bank}</th>
            <td>{each.feed}</td>
            <Numbers
              texts={[
                ...[each.accepted, each.rejected, each.failed, each.late, each.missing],
                ...[each.records, each.inserted, each.updated, each.same, each.stale, each.leftOut],
              ].map((number) => formatWhole(number))}
            />
          </tr>
        ))}
      </Table>
    </Wide>
  );
}

function Reasons({ reasons }: { reasons: readonly Reason[] }): JSX.Element {
  if (reasons.length === 0) return <p>None: no file and no record was rejected.</p>;
  return (
    <>
      <Wide label="Reasons of rejections">
        <Table columns={["Feed", "Column", "Reason", { number: "Files" }, { number: "Problems" }]}>
          {reasons.slice(0, SHOWN_ROWS).map(({ feed, column, reason, files, problems }) => (
            <tr>
              <th scope="row">{feed}</th>
              <td>{column ?? "–"}</td>
              <td>{reason}</td>
              <Numbers texts={[formatWhole(files), formatWhole(problems)]} />
            </tr>
          ))}
        </Table>
      </Wide>
      <More count={reasons.length - SHOWN_ROWS} />
    </>
  );
}

function Late({ overdue }: { overdue: readonly Overdue[] }): JSX.Element {
  if (overdue.length === 0) return <p>None: every delivery came in time.</p>;
  return (
    <>
      <Wide label="Late and missing deliveries">
        <Table columns={["Day", "Bank", "Feed", "Due", "Arrived"]}>
          {overdue.slice(0, SHOWN_ROWS).map(({ bank, feed, day, lastDay, days, dueAt, arrivedAt }) => (
            <tr>
              <th scope="row">{days === 1 ? day : `${day} to ${lastDay}`}</th>
              <td>{bank}</td>
              <td>{feed}</td>
              <td>{instant(dueAt)}</td>
              <td>{arrivedAt === undefined ? missing(days) : instant(arrivedAt)}</td>
            </tr>
          ))}
        </Table>
      </Wide>
      <More count={overdue.length - SHOWN_ROWS} />
    </>
  );
}

function missing(days: number): string {
  return days === 1 ? "missing" : `${formatWhole(days)} missing`;
}

function More({ count }: { count: number }): JSX.Element | null {
  return count > 0 ? <p class="muted">… and {formatWhole(count)} more.</p> : null;
}
