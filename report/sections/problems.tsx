/** What a reader should look into. */
import type { JSX } from "preact";

import type { Problem } from "../figures";

export function Problems({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return problems.length === 0 ? (
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
  );
}
