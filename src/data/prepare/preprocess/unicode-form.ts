/** Preprocessing: a Unicode normal form. */
import { type Changed, replaceAll } from './changed.ts';

export const UNICODE_FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const;
export type UnicodeForm = (typeof UNICODE_FORMS)[number];

/** What composes and decomposes together: a character with its marks, or the letters of syllables of Hangul. */
const PIECES = /[\u1100-\u11ff]+|\P{M}?\p{M}+|\P{M}/gsu;

/** Unicode's normalisation (UAX 15); the forms with K also make full-width letters, ligatures and the like plain. */
export function unicodeForm(text: string, form: UnicodeForm): Changed {
  const normalized = text.normalize(form);
  if (normalized === text) return { text, characters: 0 };
  const { characters } = replaceAll(text, PIECES, piece => piece.normalize(form));
  return { text: normalized, characters };
}
