/** Word similarity: people's judgements of pairs beside cosines. Pairs with an unknown word are left out and counted. */
import type { WordVectors } from '../word-vectors.ts';
import { pearson, spearman } from './correlation.ts';
import { badLine, linesOf } from './lines.ts';

/** Two words with their similarity as people judged it. */
export interface JudgedPair {
  a: string;
  b: string;
  human: number;
}

export interface SimilarityResult {
  pairs: number;
  /** Pairs with a vector of both words. */
  known: number;
  /** Correlations over the known pairs; null for fewer than two, or where all are judged alike. */
  spearman: number | null;
  pearson: number | null;
}

/** Pairs from lines of two words and a number, with tabs, commas or spaces between them; a first line may name columns. */
export async function readSimilarity(path: string): Promise<JudgedPair[]> {
  const pairs: JudgedPair[] = [];
  for (const [i, line] of (await linesOf(path)).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const separator = line.includes('\t') ? '\t' : line.includes(',') ? ',' : /\s+/;
    const [a, b, score = ''] = line.trim().split(separator);
    if (score.trim() !== '' && Number.isFinite(Number(score))) pairs.push({ a, b, human: Number(score) });
    else if (i > 0) throw badLine(path, i, 'two words and a number are expected');
  }
  return pairs;
}

/** Spearman's correlation of cosines with human judgements; pairs with unknown words are left out. */
export function evaluateSimilarity(vectors: WordVectors, pairs: readonly JudgedPair[]): SimilarityResult {
  const cosines = pairs.map(({ a, b }) => vectors.similarity(a, b));
  const known = pairs.flatMap(({ human }, i) => (cosines[i] === undefined ? [] : [{ human, cosine: cosines[i] }]));
  const [x, y] = [known.map(pair => pair.cosine), known.map(pair => pair.human)];
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    pairs: pairs.length,
    known: known.length,
    spearman: orNull(spearman(x, y)),
    pearson: orNull(pearson(x, y)),
  };
}
