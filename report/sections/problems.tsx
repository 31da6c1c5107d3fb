/** The problems that an operator should look at. */
import type { JSX } from "preact";

import type { Problem } from "../figures";

export function Problems({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return problems.length === 0 ? (
    <p>None: every file is in its place and matches its manifest.</p>
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
