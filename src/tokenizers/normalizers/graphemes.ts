/** Grapheme clusters (UAX 29), found without a segmenter where no two characters can belong together. */

const JOINING =
  '\\u1100-\\u11ff\\ua960-\\ua97c\\ud7b0-\\ud7fb\\p{Grapheme_Extend}\\p{Regional_Indicator}\\p{Emoji_Modifier}\\u0e33\\u0eb3' +
  '\\u0d4e\\u{111c2}-\\u{111c3}\\u{113d1}\\u{1193f}\\u{11941}\\u{11a3a}\\u{11a84}-\\u{11a89}\\u{11d46}\\u{11f02}' +
  '\\u{16d63}\\u{16d67}-\\u{16d6a}';

/** A character that neither joins to its neighbours nor makes them join. */
const PLAIN = `(?![${JOINING}])[\\p{L}\\p{N}\\p{P}\\p{S}\\p{Zs}]`;

/** All other characters up to the next two plain ones, with their neighbours. */
const STRETCH = new RegExp(`(?:(?:${PLAIN})?(?:(?!${PLAIN})[^])+)+(?:${PLAIN})?`, 'gu');

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Calls `visit` with each cluster. */
export function forEachGrapheme(text: string, visit: (grapheme: string) => void): void {
  let done = 0;
  for (const match of text.matchAll(STRETCH)) {
    for (const char of text.slice(done, match.index)) visit(char);
    for (const { segment } of segmenter.segment(match[0])) visit(segment);
    done = match.index + match[0].length;
  }
  for (const char of text.slice(done)) visit(char);
}
