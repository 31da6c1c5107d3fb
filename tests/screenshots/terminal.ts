/** A terminal's output as a page, to be drawn by the browser. */

/** The colours that the commands use, by their number in SGR sequences (ECMA-48, section 8.3.117). */
const styles: Readonly<Record<string, string>> = {
  1: "font-weight: 700",
  2: "opacity: .6",
  31: "color: #f2928b",
  32: "color: #74cf9a",
  33: "color: #e8bd6a",
  36: "color: #7cc7d8",
};

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`${ESCAPE}\\[([\\d;]*)m`);

/** @param output with the sequences for colours that FORCE_COLOR asks for; all others are dropped. */
export function terminalPage(command: string, output: string): string {
  const body = output.split(SEQUENCE).reduce((html, part, at) => {
    if (at % 2 === 0) return html + escaped(part);
    const style = styles[part];
    return html + (style === undefined ? "</span><span>" : `</span><span style="${style}">`);
  }, "");
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; display: inline-block; }
    pre { margin: 0; padding: 1rem 1.25rem; min-width: 80ch; background: #15181c; color: #e7eaee;
      font: 14px/1.4 "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; }
    b { color: #9aa4af; font-weight: 400; }
  </style><pre><b>$ ${escaped(command)}</b>\n<span>${body}</span></pre>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
