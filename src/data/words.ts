/**
 * Where words lie in a text. A word is a run of letters, marks and digits, with single apostrophes and underscores inside it
 * (`don't`, `new_york`); Chinese, Japanese, Thai and other scripts that are written without spaces are cut by the dictionaries
 * of ICU (`Intl.Segmenter`).
 */

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’_][\p{L}\p{M}\p{N}]+)*/gu;
const UNSPACED = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, 'u');
const ALL_UNSPACED = new RegExp(`^[${UNSPACED}ー]+$`, 'u');
/** Runs of scripts without spaces, and what is between them. */
const RUNS = new RegExp(`[${UNSPACED}ー]+|[^${UNSPACED}ー]+`, 'gu');

let segmenter: Intl.Segmenter | undefined;

export interface WordSpan {
  /** In UTF-16 units. */
  start: number;
  end: number;
}

export function* wordSpans(text: string): Generator<WordSpan> {
  for (const { 0: word, index: start } of text.matchAll(WORD)) {
    if (!HAS_UNSPACED.test(word)) {
      yield { start, end: start + word.length };
      continue;
    }
    for (const { 0: run, index } of word.matchAll(RUNS)) {
      if (HAS_UNSPACED.test(run)) yield* spansIn(run, start + index);
      else yield { start: start + index, end: start + index + run.length };
    }
  }
}

function* spansIn(run: string, at: number): Generator<WordSpan> {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  for (const { segment, index, isWordLike } of segmenter.segment(run)) {
    if (isWordLike) yield { start: at + index, end: at + index + segment.length };
  }
}

/** Where words begin in a text of a script that is written without spaces, in UTF-16 units. */
export function unspacedWordStarts(text: string): Set<number> {
  segmenter ??= new Intl.Segmenter('zh', { granularity: 'word' });
  return new Set(Array.from(segmenter.segment(text), ({ index }) => index));
}

/** The whole text is of scripts that are written without spaces. */
export const isAllUnspaced = (text: string): boolean => ALL_UNSPACED.test(text);

/** Whether a text has characters of a script that is written without spaces. */
export const isUnspaced = (text: string): boolean => HAS_UNSPACED.test(text);
