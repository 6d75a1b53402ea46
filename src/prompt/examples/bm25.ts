/** BM25 (Robertson & Zaragoza 2009) over a few thousand texts: words of letters and digits, Chinese by characters. */

export interface Bm25 {
  /** All texts by their scores, the best first; of equal ones the first. */
  search(query: string): { index: number; score: number }[];
  /** Weights of a text's terms: what cosines compare. */
  vector(text: string): ReadonlyMap<string, number>;
}

export const termsOf = (text: string): string[] =>
  text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+/gu) ?? [];

const countsOf = (terms: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
};

/** @param options.k1 how soon repetitions count less; @param options.b how much long texts are held back */
export function bm25(texts: readonly string[], { k1 = 1.2, b = 0.75 }: { k1?: number; b?: number } = {}): Bm25 {
  const counts = texts.map(text => countsOf(termsOf(text)));
  const lengths = counts.map(own => [...own.values()].reduce((sum, count) => sum + count, 0));
  const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, texts.length);
  const having = new Map<string, number>();
  for (const own of counts) for (const term of own.keys()) having.set(term, (having.get(term) ?? 0) + 1);
  // Lucene's form, which is never negative.
  const idf = (term: string): number => {
    const n = having.get(term) ?? 0;
    return Math.log(1 + (texts.length - n + 0.5) / (n + 0.5));
  };
  return {
    search(query) {
      const terms = [...new Set(termsOf(query))];
      return counts
        .map((own, index) => {
          const norm = k1 * (1 - b + (b * lengths[index]) / Math.max(1, mean));
          const score = terms.reduce((sum, term) => {
            const count = own.get(term) ?? 0;
            return sum + (idf(term) * count * (k1 + 1)) / (count + norm);
          }, 0);
          return { index, score };
        })
        .sort((x, y) => y.score - x.score || x.index - y.index);
    },
    vector: text => new Map([...countsOf(termsOf(text))].map(([term, count]) => [term, count * idf(term)])),
  };
}
