/** HTML as a value: what is put into the `html` template is escaped unless it is HTML itself. */
export class Html {
  constructor(readonly source: string) {}
}

export type HtmlContent = Html | string | number | false | undefined | readonly HtmlContent[];

export const html = (strings: TemplateStringsArray, ...values: HtmlContent[]): Html =>
  new Html(strings.reduce((source, string, i) => source + sourceOf(values[i - 1]) + string));

/** Source that is trusted: style sheets and scripts of our own. */
export const trusted = (source: string): Html => new Html(source);

/** Data for a script. No `<` is left that could end the element early. */
export const jsonScript = (id: string, data: unknown): Html =>
  trusted(`<script type="application/json" id="${id}">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>`);

function sourceOf(content: HtmlContent): string {
  if (content instanceof Html) return content.source;
  if (content === undefined || content === false) return '';
  if (typeof content === 'object') return content.map(sourceOf).join('');
  return String(content).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}
