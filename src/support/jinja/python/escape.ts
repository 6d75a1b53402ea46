/** MarkupSafe: `escape` makes HTML of text, `Markup` is text that is HTML already. */
import { str } from './repr.ts';
import { Markup, type Value } from './values.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

export const escapeText = (text: string): string => text.replace(/[&<>'"]/g, char => ENTITIES[char]);

export const escapeHtml = (value: Value): Markup =>
  value instanceof Markup ? value : new Markup(escapeText(str(value)));
