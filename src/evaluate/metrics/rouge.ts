/** ROUGE (Lin 2004): what texts share of words, pairs of words and longest common subsequences, as the package rouge_score counts. */
import { type Prf, prf } from './f1.ts';
import { porterStem } from './porter-stem.ts';
import { countNgrams, countShared, total } from './words.ts';

export interface RougeOptions {
  /** Compare stems of words longer than three letters (Porter 1980). Default false. */
  useStemmer?: boolean;
  /** How texts are cut into words. Default: lower case, at everything but a–z and 0–9. */
  tokenize?: (text: string) => string[];
}

/** Of runs of `n` words. */
export function rougeN(n: number, prediction: string, reference: string, options: RougeOptions = {}): Prf {
  const [own, other] = [prediction, reference].map(text => countNgrams(rougeWords(text, options), n));
  return prf(countShared(own, other), total(own), total(other));
}

/** Of the longest common subsequence of the whole texts. */
export function rougeL(prediction: string, reference: string, options: RougeOptions = {}): Prf {
  const [own, other] = [prediction, reference].map(text => rougeWords(text, options));
  return prf(commonSubsequence(own, other).length, own.length, other.length);
}

/** Of the union of each reference line's common subsequences with the lines of the prediction. */
export function rougeLsum(prediction: string, reference: string, options: RougeOptions = {}): Prf {
  const [own, other] = [prediction, reference].map(text =>
    text
      .split('\n')
      .filter(line => line !== '')
      .map(line => rougeWords(line, options)),
  );
  // A word counts no more often than both texts have it.
  const [left, there] = [own, other].map(sentences => countNgrams(sentences.flat(), 1));
  let right = 0;
  for (const sentence of other) {
    const places = new Set(own.flatMap(line => commonSubsequence(line, sentence).map(([, at]) => at)));
    for (const at of [...places].sort((a, b) => a - b)) {
      const word = sentence[at];
      const [a, b] = [left.get(word) ?? 0, there.get(word) ?? 0];
      if (a > 0 && b > 0) {
        right++;
        left.set(word, a - 1);
        there.set(word, b - 1);
      }
    }
  }
  return prf(right, own.flat().length, other.flat().length);
}

export function rougeWords(text: string, { useStemmer = false, tokenize }: RougeOptions = {}): string[] {
  const words =
    tokenize?.(text) ??
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .split(' ')
      .filter(word => word !== '');
  return useStemmer ? words.map(word => (word.length > 3 ? porterStem(word) : word)) : words;
}

/** Places in both of one longest common subsequence, in order. */
function commonSubsequence(a: readonly string[], b: readonly string[]): [inA: number, inB: number][] {
  const columns = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * columns);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const here = i * columns + j;
      lengths[here] =
        a[i - 1] === b[j - 1] ? lengths[here - columns - 1] + 1 : Math.max(lengths[here - columns], lengths[here - 1]);
    }
  }
  const places: [number, number][] = [];
  for (let [i, j] = [a.length, b.length]; i > 0 && j > 0; ) {
    const here = i * columns + j;
    if (a[i - 1] === b[j - 1]) places.push([--i, --j]);
    else if (lengths[here - 1] > lengths[here - columns]) j--;
    else i--;
  }
  return places.reverse();
}
