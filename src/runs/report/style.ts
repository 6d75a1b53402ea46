/** The report's style sheet: light and dark by the reader's setting, one column on a phone. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --text: #1d1f21; --muted: #62666b; --line: #e4e1dc; --accent: #0b62a8;
  --series-0: #0b62a8; --series-1: #c2410c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --card: #1d2024; --text: #e8e6e3; --muted: #9aa0a6; --line: #32363c; --accent: #6cb2f2;
    --series-0: #6cb2f2; --series-1: #fb923c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Noto Sans CJK SC', sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.5rem; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 0.9rem; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 0.5rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; min-width: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.8rem; margin: 0; }
.figures dt { color: var(--muted); font-size: 0.85rem; }
.figures dd { margin: 0; }
.figures .value { font-size: 1.65rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
.figures .note { color: var(--muted); font-size: 0.85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 0.8rem; }
.charts .wide { grid-column: 1 / -1; }
.charts .card { padding: 0.9rem 0.7rem 0.5rem; }
.charts figure { margin: 0; }
.charts h3 { padding-left: 0.4rem; }
.readout { color: var(--muted); font-weight: 400; font-size: 0.8rem; font-variant-numeric: tabular-nums; margin-left: 0.4rem; }
.uplot, .uplot .u-legend { font-family: inherit; color: var(--text); }
.uplot .u-legend { font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.u-legend th { font-weight: 500; }
.u-legend .u-value { min-width: 3.2em; text-align: left; }
.u-select { background: color-mix(in srgb, var(--accent) 18%, transparent); }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--muted); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.data th, .data td { padding: 0.5rem 0.75rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
.data tr:last-child td { border-bottom: 0; }
.data thead th { color: var(--muted); font-weight: 500; font-size: 0.85rem; }
.data th:first-child, .data td:first-child { text-align: left; white-space: normal; min-width: 8rem; }
.data .best { font-weight: 650; color: var(--accent); }
.pairs th, .pairs td { padding: 0.35rem 0; vertical-align: top; text-align: left; border-bottom: 1px solid var(--line); }
.pairs tr:last-child th, .pairs tr:last-child td { border-bottom: 0; }
.pairs th { color: var(--muted); font-weight: 500; padding-right: 1.5rem; width: 13rem; }
.pairs td { overflow-wrap: anywhere; }
details { margin-bottom: 0.8rem; }
summary { cursor: pointer; font-weight: 600; }
.sample { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.8rem 0 0; padding-left: 0.9rem; border-left: 3px solid var(--line); }
.sample:lang(zh) { font-family: 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', system-ui, sans-serif; }
.sample:lang(ja) { font-family: 'Hiragino Sans', 'Yu Gothic', 'Noto Sans CJK JP', 'Noto Sans JP', system-ui, sans-serif; }
.sample mark { background: none; color: var(--muted); }
pre { margin: 0; overflow-x: auto; font: 0.85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'Noto Sans Mono', monospace; }
.hint { color: var(--muted); font-size: 0.85rem; margin: 0.6rem 0 0; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .pairs th { width: 40%; padding-right: 0.8rem; }
  .card { padding: 0.85rem 0.8rem; }
  .data { font-size: 0.8rem; }
  .data th, .data td { padding: 0.45rem 0.2rem; }
  .data thead th { white-space: normal; font-size: 0.72rem; vertical-align: bottom; }
  .data th:first-child, .data td:first-child { min-width: 0; }
}
@media print { .card { break-inside: avoid; } }
`;
