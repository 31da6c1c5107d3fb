/** The components that the sections share. */
import type { ComponentChildren, JSX } from "preact";

export function Section({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Lets a wide table scroll, by keyboard too, so that the page never scrolls sideways. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="wide" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export function Chart({ label, svg }: { label: string; svg: string }): JSX.Element {
  return <div class="chart" role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: svg }} />;
}

/** A column's heading; numbers are aligned to the right. */
export type Column = string | { readonly number: string };

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
              <th scope="col" class="number">
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
