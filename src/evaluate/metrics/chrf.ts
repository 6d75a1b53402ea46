/**
 * chrF and chrF++ (Popović 2015, 2017) as sacreBLEU 2 computes them: the F-score of character n-grams, and with `wordOrder` of
 * words beside them, averaged over the orders that a text is long enough for.
 */
import { requireAsMany, SACREBLEU } from './bleu.ts';
import { countNgrams, countShared, PUNCTUATION, total, wordsOf } from './words.ts';

export interface ChrfOptions {
  /** Longest run of characters. Default 6. */
  charOrder?: number;
  /** Longest run of words. Default 0; chrF++: 2. */
  wordOrder?: number;
  /** How much recall counts beside precision. Default 2. */
  beta?: number;
  /** Default false. */
  lowercase?: boolean;
  /** Count white space, too. Default false. */
  whitespace?: boolean;
  /** Average over all orders, with a tiny number in place of what is missing, as chrF++.py does. Default false. */
  epsSmoothing?: boolean;
}

/** Of each order: runs of the text, of the reference, and of both. */
export type ChrfStatistics = readonly (readonly [hypothesis: number, reference: number, shared: number])[];

/** What a text adds to a corpus: its numbers with the reference that it is most like. */
export function chrfStatistics(
  hypothesis: string,
  references: readonly string[],
  options: ChrfOptions = {},
): ChrfStatistics {
  const own = ngramsOf(hypothesis, options);
  let best: ChrfStatistics = [];
  let highest = Number.NEGATIVE_INFINITY;
  for (const reference of references) {
    const other = ngramsOf(reference, options);
    const statistics = own.map((counts, i) => {
      const there = total(other[i]);
      // Runs of an order that the reference is too short for do not count against the text.
      return [there > 0 ? total(counts) : 0, there, countShared(counts, other[i])] as const;
    });
    const score = chrfOf(statistics, options);
    if (score > highest) [best, highest] = [statistics, score];
  }
  return best;
}

export const addChrfStatistics = (all: readonly ChrfStatistics[]): ChrfStatistics =>
  (all[0] ?? []).map((_, order) =>
    all.reduce(
      ([a, b, c], statistics) => {
        const [hypothesis, reference, shared] = statistics[order];
        return [a + hypothesis, b + reference, c + shared] as const;
      },
      [0, 0, 0] as readonly [number, number, number],
    ),
  );

/** 0 to 100. */
export function chrfOf(statistics: ChrfStatistics, { beta = 2, epsSmoothing = false }: ChrfOptions = {}): number {
  const factor = beta ** 2;
  const fScore = (precision: number, recall: number): number =>
    ((1 + factor) * precision * recall) / (factor * precision + recall);
  const tiny = 1e-16;
  let [smoothed, precisions, recalls, orders] = [0, 0, 0, 0];
  for (const [hypothesis, reference, shared] of statistics) {
    const precision = hypothesis > 0 ? shared / hypothesis : tiny;
    const recall = reference > 0 ? shared / reference : tiny;
    smoothed += factor * precision + recall > 0 ? fScore(precision, recall) : tiny;
    if (hypothesis > 0 && reference > 0) {
      precisions += precision;
      recalls += recall;
      orders++;
    }
  }
  if (epsSmoothing) return (100 * smoothed) / statistics.length;
  return precisions + recalls > 0 ? 100 * fScore(precisions / orders, recalls / orders) : 0;
}

/** @throws UserError when there are not as many lists of references as texts */
export function corpusChrf(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: ChrfOptions = {},
): number {
  requireAsMany(hypotheses, references);
  const all = hypotheses.map((text, i) => chrfStatistics(text, references[i], options));
  return chrfOf(addChrfStatistics(all), options);
}

export const sentenceChrf = (hypothesis: string, references: readonly string[], options: ChrfOptions = {}): number =>
  chrfOf(chrfStatistics(hypothesis, references, options), options);

/** `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0` */
export const chrfSignature = (
  referencesEach: number,
  { charOrder = 6, wordOrder = 0, lowercase = false, whitespace = false, epsSmoothing = false }: ChrfOptions = {},
): string =>
  [
    `nrefs:${referencesEach}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${epsSmoothing ? 'no' : 'yes'}`,
    `nc:${charOrder}`,
    `nw:${wordOrder}`,
    `space:${whitespace ? 'yes' : 'no'}`,
    `version:${SACREBLEU}`,
  ].join('|');

/** Characters of each order, then words of each. */
function ngramsOf(
  text: string,
  { charOrder = 6, wordOrder = 0, lowercase = false, whitespace = false }: ChrfOptions,
): Map<string, number>[] {
  const cased = lowercase ? text.toLowerCase() : text;
  const characters = [...(whitespace ? cased : wordsOf(cased).join(''))];
  const words = wordsOf(cased).flatMap(apartFromPunctuation);
  return [
    ...Array.from({ length: charOrder }, (_, n) => countNgrams(characters, n + 1)),
    ...Array.from({ length: wordOrder }, (_, n) => countNgrams(words, n + 1)),
  ];
}

/** A mark at the end of a word, else one at its beginning, is a word of its own. */
function apartFromPunctuation(word: string): string[] {
  const characters = [...word];
  if (characters.length === 1) return [word];
  const last = characters.at(-1)!;
  if (PUNCTUATION.includes(last)) return [characters.slice(0, -1).join(''), last];
  return PUNCTUATION.includes(characters[0]) ? [characters[0], characters.slice(1).join('')] : [word];
}
