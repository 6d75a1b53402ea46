/** Text as words: see `wordSpans`. `<unk>`, which some corpora write for words that they left out, is none. */
import { wordSpans } from '../../data/words.ts';
import type { WordRule } from './choices.ts';

/** @param options.lowercase default true */
export function wordsOf(
  text: string,
  { rule = 'unicode', lowercase = true }: { rule?: WordRule; lowercase?: boolean } = {},
): string[] {
  const folded = lowercase ? text.toLowerCase() : text;
  if (rule === 'whitespace') return folded.split(/\s+/).filter(Boolean);
  const plain = folded.replaceAll('<unk>', ' ').replaceAll('’', "'");
  return Array.from(wordSpans(plain), ({ start, end }) => plain.slice(start, end));
}
