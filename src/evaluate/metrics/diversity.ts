/** How much texts differ from each other: distinct-n (Li et al. 2016) and self-BLEU (Zhu et al. 2018). */
import { type BleuOptions, sentenceBleu } from './bleu.ts';
import { countNgrams, total } from './words.ts';

/** Different runs of n words, by all runs of all texts. */
export function distinctN(texts: readonly (readonly string[])[], n: number): number {
  const all = new Set<string>();
  let count = 0;
  for (const words of texts) {
    const ngrams = countNgrams(words, n);
    count += total(ngrams);
    for (const ngram of ngrams.keys()) all.add(ngram);
  }
  return count === 0 ? 0 : all.size / count;
}

/** Mean BLEU of each text with all others as its references, 0 to 100: the lower, the more diverse. */
export const selfBleu = (texts: readonly string[], options: BleuOptions = {}): number =>
  texts.reduce(
    (sum, text, i) =>
      sum +
      sentenceBleu(
        text,
        texts.filter((_, other) => other !== i),
        options,
      ).score,
    0,
  ) / texts.length;
