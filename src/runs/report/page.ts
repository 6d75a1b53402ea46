/** The frame of every report: one HTML page that needs no network and no other file. */
import { type Html, html, trusted } from './html.ts';
import { style } from './style.ts';

export interface Page {
  title: string;
  /** CSS beside that of all reports. */
  styles?: readonly string[];
  /** JavaScript at the end of the page. Without any, none may run. */
  scripts?: readonly Html[];
}

export function htmlPage({ title, styles = [], scripts = [] }: Page, body: Html): Html {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${scripts.length > 0 ? "; script-src 'unsafe-inline'" : ''}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<title>${title}</title>
<style>${[style, ...styles].map(trusted)}</style>
</head>
<body>
<main>
${body}
</main>
${scripts}
</body>
</html>
`;
}

export interface Figure {
  name: string;
  value: string;
  note?: string;
}

/** Numbers that a report begins with. */
export const figureCards = (figures: readonly Figure[]): Html =>
  html`<dl class="figures">${figures.map(({ name, value, note }) => html`<div class="card"><dt>${name}</dt><dd><div class="value">${value}</div><div class="note">${note}</div></dd></div>`)}</dl>`;

/** A part of a report in a card, with an explanation below it where there is one. */
export const cardSection = (heading: string, content: Html, hint = ''): Html =>
  html`<section><h2>${heading}</h2><div class="card scroll">${content}</div>${hint !== '' && html`<p class="hint">${hint}</p>`}</section>`;
