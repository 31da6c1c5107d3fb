/** Which months of which banks are published. */
import type { JSX } from "preact";

import { calendarOf, type Cell, REVISION_MEANING, signs } from "../../src/extract/calendar";
import { monthPart, yearPart } from "../../src/platform/month";
import { longMonth } from "../dates";
import type { MonthFigures } from "../figures";
import { runsOf } from "../problems";
import { Wide } from "./parts";

export function Calendar({ months }: { months: readonly MonthFigures[] }): JSX.Element {
  const { years, banks, used, hasRevisions } = calendarOf(months);
  return (
    <>
      <Missing months={months} />
      {years.map((abreast) => (
        <Wide label="Published files by bank and month">
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

/** What is not published, in words. */
function Missing({ months }: { months: readonly MonthFigures[] }): JSX.Element {
  const at = (wanted: MonthFigures["status"]) => months.filter(({ status }) => status === wanted);
  const missing = runsOf(at("missing").map(({ month }) => month));
  return (
    <>
      <p>
        {missing.length === 0
          ? "No month is missing."
          : `Missing: ${missing.map(({ from, to }) => (from === to ? longMonth(from) : `${longMonth(from)} to ${longMonth(to)}`)).join(", ")}.`}
      </p>
      {at("withdrawn").map(({ month, by, reason }) => (
        <p>
          Withdrawn: {longMonth(month)}
          {by !== undefined && `, by ${by}`}
          {reason !== undefined && `: ${reason}`}
        </p>
      ))}
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
