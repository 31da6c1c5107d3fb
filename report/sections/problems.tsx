/** The things that an operator should look at, each with its command. */
import type { JSX } from "preact";

import type { Problem } from "../problems";
import { Command } from "./parts";

export function Problems({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return problems.length === 0 ? (
    <p class="fine">
      Nothing: every month is published, and every file is in its place and matches its manifest.
    </p>
  ) : (
    <ul class="problems">
      {problems.map(({ what, details = [], command }) => (
        <li>
          {what}
          {details.length > 0 && (
            <ul>
              {details.map((detail) => (
                <li>{detail}</li>
              ))}
            </ul>
          )}
          {command !== undefined && <Command line={command} />}
        </li>
      ))}
    </ul>
  );
}
