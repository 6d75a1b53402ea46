/**
 * Frequent words are left out at random (Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
 * Compositionality", 2.3). The rule is the one of word2vec's code, (√(f/t) + 1)·t/f, which keeps a little more than the paper's √(t/f).
 */

/**
 * The probability with which each word is kept.
 *
 * @param threshold t; 0 keeps everything
 */
export function keepProbabilities(counts: readonly number[], threshold: number): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(counts, count => {
    if (threshold === 0) return 1;
    const ratio = count / total / threshold;
    return Math.min(1, (Math.sqrt(ratio) + 1) / ratio);
  });
}
