/** Preprocessing: letters without accents. */
import { type Changed, countCharacters } from './changed.ts';

const MARKS = /[\u0300-\u036f]+/g;
/** A character with its marks. Marks of other scripts, as vowels of Devanagari or the dakuten of kana, are no accents. */
const ACCENTED = /\P{M}[\u0300-\u036f]+/gu;

/** Letters without their accents, in Unicode's form NFC: é becomes e, ñ n, й и. Letters of their own as ø and ł stay. */
export function stripAccents(text: string): Changed {
  const decomposed = text.normalize('NFD');
  const accented = decomposed.match(ACCENTED);
  if (!accented) return { text, characters: 0 };
  const characters = accented.reduce((sum, match) => sum + countCharacters(match.normalize('NFC')), 0);
  return { text: decomposed.replace(MARKS, '').normalize('NFC'), characters };
}
