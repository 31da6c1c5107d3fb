/** The style of the report: for phones, for light and dark screens, and for print. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --muted: #57606a; --rule: #d4d9df; --raised: #f5f7f9;
  --accent: #1f5fa8; --down: #b3541e; --good: #1f7a45; --warn: #8a5a00; --bad: #b3261e;
  --good-wash: #e3f3e9; --warn-wash: #fbf0d9; --bad-wash: #fbe5e3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --ink: #e7eaee; --muted: #9aa4af; --rule: #363d45; --raised: #1e2329;
    --accent: #7cb2ee; --down: #f0a071; --good: #74cf9a; --warn: #e8bd6a; --bad: #f2928b;
    --good-wash: #1b3325; --warn-wash: #38301a; --bad-wash: #3d2220;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 70rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; max-width: 48rem; }
code { font-size: .9em; overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
.muted, footer { color: var(--muted); }
footer { margin-top: 3rem; font-size: .875rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1rem 0 0; }
.tiles div { background: var(--raised); border-radius: .5rem; padding: .75rem 1rem; display: flex; flex-direction: column; border-top: .2rem solid var(--accent); }
.tiles .look { border-top-color: var(--warn); }
.tiles dt { color: var(--muted); font-size: .875rem; order: 1; }
.tiles dd { margin: 0; font-size: .875rem; order: 2; font-variant-numeric: tabular-nums; }
.tiles .value { font-size: 1.5rem; line-height: 1.3; font-weight: 600; order: 0; }
.problems { border-left: .25rem solid var(--warn); background: var(--warn-wash); margin: 0; padding: .75rem 1rem .75rem 2rem; }
.command { display: block; width: fit-content; max-width: 100%; margin: .35rem 0 0; padding: .15rem .5rem; border-radius: .25rem; background: var(--paper); border: 1px solid var(--rule); font-size: .8125rem; user-select: all; }
.fine { border-left: .25rem solid var(--good); background: var(--good-wash); padding: .6rem 1rem; max-width: none; }
.trio { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(21rem, 100%), 1fr)); gap: 1.5rem 2rem; }
.trio > div { min-width: 0; }
.trio table { width: 100%; }
.trio th, .trio td { padding: .2rem .3rem; }
.trio tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 5.2rem; }
.trio thead th { white-space: nowrap; }
.trio tbody th, .trio thead th:first-child { padding-left: 0; }
.trio td:last-child, .trio th:last-child { padding-right: 0; }
.sum th, .sum td { font-weight: 600; border-top: 2px solid var(--rule); }
.remarkable { font-weight: 700; color: var(--down); }
.remarkable::before { content: "◆ "; font-size: .7em; vertical-align: .1em; }
td.name, tbody th.name { white-space: normal; overflow-wrap: anywhere; min-width: 5.5rem; }
.problems > li + li { margin-top: .5rem; }
.problems ul { padding-left: 1.25rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
thead .number { white-space: normal; }
.wide { overflow-x: auto; min-width: 0; position: relative; }
.wide:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.calendar th[scope="row"], .calendar thead th:first-child { position: sticky; left: 0; background: var(--paper); }
.calendar th[scope="row"] { font-weight: 600; padding-left: 0; min-width: 7.5rem; max-width: 16rem; white-space: normal; overflow-wrap: anywhere; }
.calendar thead th:first-child { padding-left: 0; }
.wide + .wide { margin-top: 1rem; }
.calendar abbr { text-decoration: none; display: block; text-align: center; line-height: 1.1; }
.calendar small { display: block; font-weight: 400; font-size: .7rem; }
.calendar td { font-variant-numeric: tabular-nums; text-align: center; min-width: 2.4rem; padding: .2rem .3rem; border: 2px solid var(--paper); border-radius: .4rem; }
.calendar sup, .sign sup { font-size: .7rem; font-weight: 600; line-height: 0; }
.verified, .published { color: var(--good); background: var(--good-wash); }
.unverified, .missing, .withdrawn { color: var(--warn); background: var(--warn-wash); }
.damaged, .unreadable { color: var(--bad); background: var(--bad-wash); }
.absent { color: var(--muted); }
.accepted { color: var(--good); background: var(--good-wash); }
.late, .open { color: var(--warn); background: var(--warn-wash); }
.rejected, .failed { color: var(--bad); background: var(--bad-wash); }
.awaited, .none { color: var(--muted); }
.legend { list-style: none; padding: 0; margin: .75rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; color: var(--muted); }
.sign { display: inline-block; min-width: 1.4rem; padding: 0 .25rem; text-align: center; border-radius: .25rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 2rem 1.5rem; }
figure { margin: 0; min-width: 0; }
figure table { width: 100%; }
figcaption p { margin: 0 0 .25rem; font-size: .875rem; color: var(--muted); }
.choice { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; margin: 0 0 1rem; }
.choice label { cursor: pointer; }
.choice input { accent-color: var(--accent); margin: 0 .25rem 0 0; }
.own, .scales:has(#scale-own:checked) .shared { display: none; }
.scales:has(#scale-own:checked) .own { display: block; }
details { margin-top: .5rem; min-width: 0; }
summary { cursor: pointer; font-size: .875rem; color: var(--accent); }
.chart svg { display: block; width: 100%; max-width: 27rem; height: auto; font-family: inherit; }
.beside { display: grid; grid-template-columns: minmax(0, 22rem) minmax(0, 1fr); gap: 1rem 2rem; align-items: start; }
@media (max-width: 52rem) { .beside { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 30rem) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
  .tiles div { padding: .5rem .75rem; }
  .tiles div:first-child:nth-last-child(odd) { grid-column: 1 / -1; }
  .tiles .value { font-size: 1.2rem; }
  .spare { display: none; }
  table { font-size: .8125rem; }
  th, td { padding: .2rem .35rem; }
}
article { margin-bottom: 1.25rem; }
article p { margin: 0; font-size: .875rem; }
article ul { margin: .25rem 0 0; padding-left: 1.25rem; }
.small { font-size: .875rem; font-variant-numeric: tabular-nums; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print {
  :root {
    --paper: #ffffff; --ink: #000000; --muted: #444444; --rule: #bbbbbb; --raised: #f2f2f2;
    --accent: #1f5fa8; --down: #b3541e; --good: #1f7a45; --warn: #8a5a00; --bad: #b3261e;
    --good-wash: #e3f3e9; --warn-wash: #fbf0d9; --bad-wash: #fbe5e3;
  }
  @page { margin: 15mm; }
  body { padding: 0; max-width: none; font-size: 9.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h1 { font-size: 16pt; }
  h2 { font-size: 12pt; margin-top: 1.5rem; break-after: avoid; }
  h3, .head, .choice, summary, thead, figcaption { break-after: avoid; break-inside: avoid; }
  .choice { display: none; }
  details:not([open]), summary { display: none; }
  .tiles { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: .4rem; }
  .tiles div { padding: .4rem .6rem; }
  .tiles dt, .tiles dd { font-size: 8pt; }
  .tiles .value { font-size: 11pt; }
  .trio { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .command { font-size: 8pt; background: none; }
  table, .legend, figcaption p, article p { font-size: 8pt; }
  figure, article, tr, .legend, .problems > li { break-inside: avoid; }
  .problems ul { font-size: 8.5pt; }
  .beside { grid-template-columns: 6cm minmax(0, 1fr); gap: .5cm; }
  .figures { display: block; }
  .figures figure { display: inline-block; vertical-align: top; width: 48%; margin: 0 1.5% .4cm 0; }
  .wide { overflow: visible; }
  .wide td:not(.number) { overflow-wrap: anywhere; }
  /* A table of many columns has no way to scroll on paper. */
  table:not(.calendar):has(thead th:nth-child(10)) { width: 100%; font-size: 6.5pt; }
  table:not(.calendar):has(thead th:nth-child(10)) :is(th, td) { padding: .1rem .15rem; }
  table:not(.calendar):has(thead th:nth-child(10)) tbody th { white-space: normal; overflow-wrap: anywhere; }
  .calendar th[scope="row"] { min-width: 0; max-width: 5cm; position: static; }
  .calendar td, .calendar thead th { min-width: 0; padding: .1rem; }
}
`;
