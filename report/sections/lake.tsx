/** What the lake has of each month, beside what is published. */
import type { JSX } from "preact";

import { monthPart, yearPart } from "../../src/platform/month";
import { longMonth } from "../dates";
import { formatWhole } from "../decimal";
import type { LakeFigures, LakeMonthFigures } from "../lake";
import { Wide } from "./parts";

const meanings: Readonly<Record<LakeMonthFigures["status"], readonly [style: string, meaning: string]>> = {
  current: ["verified", "as published"],
  missing: ["missing", "not in the lake"],
  outdated: ["damaged", "another revision than published"],
  withdrawn: ["withdrawn", "withdrawn"],
  unpublished: ["absent", "not published"],
};

export const LAKE =
  "What the lake's records say of each month, beside the published revision. The Parquet files are not read for this " +
  "page; npx bank-batch verify --lake reads every byte.";

const MONTHS_PER_ROW = 12;

export function LakeMonths({ lake: { months } }: { lake: LakeFigures }): JSX.Element {
  const present = months.filter(({ status }) => status === "current");
  const rows = present.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const files = present.reduce((sum, { fileCount }) => sum + fileCount, 0);
  const years = Array.from({ length: Math.ceil(months.length / MONTHS_PER_ROW) }, (_, at) =>
    months.slice(MONTHS_PER_ROW * at, MONTHS_PER_ROW * (at + 1)),
  );
  const used = (Object.keys(meanings) as LakeMonthFigures["status"][]).filter((each) =>
    months.some(({ status }) => status === each),
  );
  return (
    <>
      <p>
        {formatWhole(present.length)} of {formatWhole(months.length)} months are in the lake as published:{" "}
        {formatWhole(files)} Parquet files with {formatWhole(rows)} rows.
      </p>
      {years.map((abreast) => (
        <Wide label="Revisions in the lake by month">
          <table class="calendar">
            <thead>
              <tr>
                <th scope="col">Revision</th>
                {abreast.map(({ month }) => (
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
              <tr>
                <th scope="row">published</th>
                {abreast.map(({ published }) => (
                  <td>{published ?? "–"}</td>
                ))}
              </tr>
              <tr>
                <th scope="row">in the lake</th>
                {abreast.map(({ status, revision }) => (
                  <td class={meanings[status][0]}>
                    {revision ?? "–"}
                    <span class="spoken">, {meanings[status][1]}</span>
                  </td>
                ))}
              </tr>
            </tbody>
          </table>
        </Wide>
      ))}
      <ul class="legend">
        {used.map((each) => (
          <li>
            <span class={`sign ${meanings[each][0]}`} aria-hidden="true">
              {each === "missing" || each === "unpublished" ? "–" : "1"}
            </span>{" "}
            {meanings[each][1]}
          </li>
        ))}
      </ul>
    </>
  );
}
