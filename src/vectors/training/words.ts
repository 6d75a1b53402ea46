/**
 * Text as words. A word is a run of letters, marks and digits, with single apostrophes and underscores inside it (`don't`,
 * `new_york`); Chinese, Japanese, Thai and other scripts that are written without spaces are cut by the dictionaries of ICU
 * (`Intl.Segmenter`). `<unk>`, which some corpora write for words that they left out, is none.
 */

export const WORD_RULES = ['unicode', 'whitespace'] as const;
/** `whitespace`: text is split into words already, and all between white space is a word. */
export type WordRule = (typeof WORD_RULES)[number];

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’_][\p{L}\p{M}\p{N}]+)*/gu;
const UNSPACED = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, 'u');
/** Runs of scripts without spaces, and what is between them. */
const RUNS = new RegExp(`[${UNSPACED}ー]+|[^${UNSPACED}ー]+`, 'gu');

let segmenter: Intl.Segmenter | undefined;

/** @param options.lowercase default true */
export function wordsOf(
  text: string,
  { rule = 'unicode', lowercase = true }: { rule?: WordRule; lowercase?: boolean } = {},
): string[] {
  const folded = lowercase ? text.toLowerCase() : text;
  if (rule === 'whitespace') return folded.split(/\s+/).filter(Boolean);
  return (folded.replaceAll('<unk>', ' ').match(WORD) ?? []).flatMap(word => {
    const plain = word.replaceAll('’', "'");
    return HAS_UNSPACED.test(plain) ? segment(plain) : [plain];
  });
}

function segment(word: string): string[] {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  return (word.match(RUNS) ?? []).flatMap(run =>
    HAS_UNSPACED.test(run)
      ? Array.from(segmenter!.segment(run), ({ segment, isWordLike }) => (isWordLike ? segment : '')).filter(Boolean)
      : [run],
  );
}
