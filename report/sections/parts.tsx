/** The components that the sections share. */
import type { ComponentChildren, JSX } from "preact";

/** @param lead the sentences below the heading, which print keeps together with it. */
export function Section(props: {
  title: string;
  lead?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  const { title, lead, children } = props;
  return (
    <section>
      <div class="head">
        <h2>{title}</h2>
        {lead !== undefined && <p class="muted">{lead}</p>}
      </div>
      {children}
    </section>
  );
}

/** What to type in a terminal. */
export function Command({ line }: { line: string }): JSX.Element {
  return <code class="command">{line}</code>;
}

/** A long table is closed, and not printed, until the reader opens it: a chart beside it shows the same. */
export function Foldable(props: { title: string; rows: number; children: ComponentChildren }): JSX.Element {
  const { title, rows, children } = props;
  if (rows <= LONG_TABLE) return <>{children}</>;
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

const LONG_TABLE = 13;

/** Lets a wide table scroll, by keyboard too, so that the page never scrolls sideways. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="wide" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** @param kind `shared` and `own` are drawn on such a scale; the page shows one of them. */
export function Chart(props: { label: string; svg: string; kind?: "shared" | "own" }): JSX.Element {
  const { label, svg, kind } = props;
  const style = kind === undefined ? "chart" : `chart ${kind}`;
  return <div class={style} role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: svg }} />;
}

/** A column's heading; numbers are aligned to the right. A phone leaves out a spare one. */
export type Column = string | { readonly number: string; readonly isSpare?: boolean };

export function Table(props: {
  columns: readonly Column[];
  /** Only for screen readers: the page shows a heading already. */
  caption?: string;
  children: ComponentChildren;
}): JSX.Element {
  const { columns, caption, children } = props;
  return (
    <table>
      {caption !== undefined && <caption class="spoken">{caption}</caption>}
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === "string" ? (
              <th scope="col">{column}</th>
            ) : (
              <th scope="col" class={column.isSpare === true ? "number spare" : "number"}>
                {column.number}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

/** The number cells of a row; undefined is shown as a dash. */
export function Numbers({ texts }: { texts: readonly (string | undefined)[] }): JSX.Element {
  return (
    <>
      {texts.map((text) => (
        <td class="number">{text ?? "–"}</td>
      ))}
    </>
  );
}
