/**
 * Where sentences end, by Unicode's rules (UAX 29, `Intl.Segmenter`). The segmenter looks back to the last border that it is
 * sure of, which may be the beginning of the text, so that its time grows with the square of a text's length: it is given a
 * window at a time, and borders that what follows might still change are looked at again in the next one.
 */
import { usageError } from '../support/errors.ts';

/** UTF-16 units in a window; one that holds no border for certain is doubled. */
const WINDOW = 2048;

/** No rule looks further ahead than to the next letter. */
const LETTER = /\p{L}/u;

const segmenters = new Map<string, Intl.Segmenter>();

function segmenterOf(locale: string): Intl.Segmenter {
  let segmenter = segmenters.get(locale);
  if (!segmenter) {
    segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
    segmenters.set(locale, segmenter);
  }
  return segmenter;
}

/** @throws UserError for a language that the rules do not know */
export function requireLanguage(language: string): void {
  if (language === 'auto') return;
  try {
    if (Intl.Segmenter.supportedLocalesOf([language]).length > 0) return;
  } catch {
    // Not even the form of a language tag.
  }
  throw usageError(
    'TSLM_BAD_VALUE',
    `sentences: the language '${language}' is not known`,
    'give a language tag such as en or zh, or auto',
  );
}

const HAN = /\p{Script=Han}/gu;
const OTHER_LETTERS = /[^\P{L}\p{Script=Han}]/gu;
/** Characters that a text's language is judged by. */
const JUDGED = 4096;

/** Chinese where most letters are Han characters, a word of other scripts counting as one; English otherwise. */
export function languageOf(text: string): 'en' | 'zh' {
  const beginning = text.slice(0, JUDGED);
  const han = beginning.match(HAN)?.length ?? 0;
  const words = (beginning.match(OTHER_LETTERS)?.length ?? 0) / LETTERS_A_WORD;
  return han > words ? 'zh' : 'en';
}

/** Of English. */
const LETTERS_A_WORD = 5;

/**
 * Where each sentence begins, in UTF-16 units, the first at 0: the stretches between these places are the segments of
 * `Intl.Segmenter`, with the white space after a sentence as its end.
 *
 * @param locale a language tag, or `auto` for `languageOf`
 * @param options.window for tests
 */
export function sentenceStarts(text: string, locale = 'auto', { window = WINDOW }: { window?: number } = {}): number[] {
  const segmenter = segmenterOf(locale === 'auto' ? languageOf(text) : locale);
  const starts: number[] = [];
  let from = 0;
  let size = window;
  while (from < text.length) {
    const part = text.slice(from, from + size);
    const segments = Array.from(segmenter.segment(part), ({ segment, index }) => ({ segment, index }));
    let sure = segments.length;
    if (from + size < text.length) {
      // The end of a segment is certain when a letter comes after it.
      while (sure > 0 && !LETTER.test(segments[--sure].segment));
    }
    for (const { index } of segments.slice(0, sure)) starts.push(from + index);
    if (sure === segments.length) break;
    from += segments[sure].index;
    size = sure === 0 ? 2 * size : window;
  }
  return starts;
}
