/**
 * What a classifier has to beat: logistic regression on the words and pairs of words of a text, weighted by how rare they are
 * (scikit-learn's `TfidfVectorizer` with its defaults), and the label that is most frequent.
 */
import { logisticRegression, type SparseRow } from './logistic-regression.ts';

export interface LabelledText {
  text: string;
  pair?: string;
  label: string;
}

export interface Classifier {
  predict(row: Omit<LabelledText, 'label'>): string;
}

/** Features that fewer texts have say nothing about others. */
const LEAST_TEXTS = 2;
/** Most features that are kept, the most frequent ones. */
const MOST_FEATURES = 50_000;

/** @param rows to learn from */
export function bagOfWords(rows: readonly LabelledText[]): Classifier {
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  const texts = rows.map(featuresOf);
  const frequency = new Map<string, number>();
  for (const features of texts) for (const name of features.keys()) frequency.set(name, (frequency.get(name) ?? 0) + 1);
  const kept = [...frequency]
    .filter(([, count]) => count >= Math.min(LEAST_TEXTS, rows.length))
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_FEATURES);
  const numbers = new Map(kept.map(([name], i) => [name, i]));
  const idf = kept.map(([, count]) => Math.log((1 + rows.length) / (1 + count)) + 1);
  const sparse = (features: ReadonlyMap<string, number>): SparseRow => tfidf(features, numbers, idf);
  const model = logisticRegression(
    texts.map(sparse),
    rows.map(({ label }) => labels.indexOf(label)),
    { features: kept.length, classes: labels.length },
    { c: 10 },
  );
  return { predict: row => labels[model.predict(sparse(featuresOf(row)))] };
}

/** The most frequent label; of several the first by name. */
export function majority(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0][0];
}

/** Words are letters and digits in a row; in scripts without spaces each character is one. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}']+/gu;

export const wordsOf = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];

/** How often words and neighbours occur; those of the second text of a pair are other ones, and what both have a third kind. */
function featuresOf({ text, pair }: Omit<LabelledText, 'label'>): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const first = wordsOf(text);
  for (const name of ngrams(first)) add(name);
  if (pair === undefined) return counts;
  const seen = new Set(first);
  for (const name of ngrams(wordsOf(pair))) add(`2 ${name}`);
  for (const word of new Set(wordsOf(pair))) add(seen.has(word) ? `both ${word}` : `new ${word}`);
  return counts;
}

const ngrams = (words: readonly string[]): string[] => [
  ...words,
  ...words.slice(1).map((word, i) => `${words[i]} ${word}`),
];

function tfidf(
  features: ReadonlyMap<string, number>,
  numbers: ReadonlyMap<string, number>,
  idf: readonly number[],
): SparseRow {
  const known = [...features].flatMap(([name, count]) => {
    const number = numbers.get(name);
    return number === undefined ? [] : [[number, count * idf[number]] as const];
  });
  const norm = Math.sqrt(known.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
  return {
    features: Uint32Array.from(known, ([number]) => number),
    values: Float64Array.from(known, ([, value]) => value / norm),
  };
}
