/**
 * Interpolated Kneser–Ney smoothing (Chen & Goodman 1998; boundary rules and pruning as in KenLM's lmplz, Heafield et
 * al. 2013):
 *
 *     p(w | h) = (a(h w) − D(a(h w))) / Σ_v a(h v) + γ(h) p(w | h′)
 *
 * where h′ is h without its first token, γ(h) the mass that the discounts D took from the context h, and the recursion
 * ends in the uniform distribution. The adjusted count a is the plain count for the longest n-grams and for those that
 * begin a document; for all others it is the number of different tokens seen to the left.
 */
import type { CountedLevel, NgramCounts, OnStep } from './counts.ts';
import { checkDiscounts, type Discounts, estimateDiscounts, type Smoothing } from './discounts.ts';
import { pruneThresholds, pruneTrie } from './prune.ts';
import type { Trie, TrieLevel } from './trie.ts';
import { predictedIds, startIsSilent } from './vocabulary.ts';

export interface KneserNeyOptions {
  /** `modified` (default): three discounts per length; `absolute`: one. */
  smoothing?: Smoothing;
  /** Discounts for the lengths whose data give none; defaults in discounts.ts. */
  discountFallback?: Discounts;
  /**
   * Drop n-grams that occur at most this often: one threshold per length from 1 on, never decreasing, the first 0, the
   * last one valid for all longer ones. `[0, 0, 1]` drops trigrams and longer that occur once. Default: nothing.
   */
  prune?: readonly number[];
}

/** What was estimated for one n-gram length. */
export interface LevelReport {
  ngrams: number;
  pruned: number;
  discounts: Discounts;
  /** True when the discounts are the fallback. */
  fallback: boolean;
}

/**
 * @param onStep called once per n-gram length
 * @throws UserError for impossible pruning thresholds or fallback discounts
 */
export function estimateKneserNey(
  counts: NgramCounts,
  { smoothing = 'modified', discountFallback, prune = [] }: KneserNeyOptions = {},
  onStep?: OnStep,
): { trie: Trie; report: LevelReport[] } {
  const order = counts.levels.length;
  const thresholds = pruneThresholds(prune, order);
  if (discountFallback) checkDiscounts(discountFallback);
  const trie: TrieLevel[] = [];
  const estimates: ReturnType<typeof estimateDiscounts>[] = [];
  let lower: Float64Array = new Float64Array(0);
  for (let n = 1; n <= order; n++) {
    const level = counts.levels[n - 1];
    const adjusted = adjustedCounts(counts, n);
    const estimate = estimateDiscounts(adjusted, smoothing, discountFallback);
    lower =
      n === 1
        ? unigramProbs(counts, adjusted, estimate.discounts)
        : ngramProbs({
            level,
            adjusted,
            threshold: thresholds[n - 1],
            discounts: estimate.discounts,
            lower,
            childStart: counts.levels[n - 2].childStart,
            logBackoffs: trie[n - 2].logBackoffs,
          });
    trie.push({
      tokens: level.tokens,
      logProbs: logarithms(lower),
      logBackoffs: new Float32Array(n < order ? lower.length : 0),
      childStart: level.childStart,
    });
    estimates.push(estimate);
    onStep?.(`smoothing ${n}-grams`);
  }
  const pruned = pruneTrie(trie, counts, thresholds);
  const report = pruned.map(({ tokens }, i) => ({
    ngrams: tokens.length,
    pruned: trie[i].tokens.length - tokens.length,
    ...estimates[i],
  }));
  return { trie: pruned, report };
}

/** a(·) of the n-grams of one length. */
function adjustedCounts({ vocabulary, levels }: NgramCounts, n: number): Uint32Array {
  const { counts } = levels[n - 1];
  if (n === levels.length) return counts;
  const adjusted = new Uint32Array(counts.length);
  const { suffixes } = levels[n];
  for (let i = 0; i < suffixes.length; i++) adjusted[suffixes[i]]++;
  if (n === 1) return adjusted;
  // Nothing stands to the left of a start. What begins with it is one subtree, contiguous at every length.
  let first = vocabulary.start;
  let last = first + 1;
  for (let k = 1; k < n; k++) [first, last] = [levels[k - 1].childStart[first], levels[k - 1].childStart[last]];
  adjusted.set(counts.subarray(first, last), first);
  return adjusted;
}

/** Unigrams, interpolated with the uniform distribution: an id that was never seen gets its share of that. */
function unigramProbs({ vocabulary }: NgramCounts, adjusted: Uint32Array, discounts: Discounts): Float64Array {
  let total = 0;
  let freed = 0;
  for (let id = 0; id < adjusted.length; id++) {
    total += adjusted[id];
    freed += discountOf(discounts, adjusted[id]);
  }
  const share = freed / total / predictedIds(vocabulary);
  const probs = new Float64Array(adjusted.length);
  for (let id = 0; id < probs.length; id++) {
    probs[id] = (adjusted[id] - discountOf(discounts, adjusted[id])) / total + share;
  }
  if (startIsSilent(vocabulary)) probs[vocabulary.start] = 0;
  return probs;
}

/** Probabilities of one level; fills in the backoff weights of its contexts, one level down. */
function ngramProbs({
  level: { counts, suffixes },
  adjusted,
  threshold,
  discounts,
  lower,
  childStart,
  logBackoffs,
}: {
  level: CountedLevel;
  adjusted: Uint32Array;
  threshold: number;
  discounts: Discounts;
  lower: Float64Array;
  childStart: Uint32Array;
  logBackoffs: Float32Array;
}): Float64Array {
  const probs = new Float64Array(adjusted.length);
  for (let context = 0; context < logBackoffs.length; context++) {
    const first = childStart[context];
    const last = childStart[context + 1];
    if (first === last) continue;
    let total = 0;
    let freed = 0;
    for (let i = first; i < last; i++) {
      total += adjusted[i];
      // All of a pruned n-gram's count is shared out anew, so that the context still sums to 1.
      freed += counts[i] > threshold ? discountOf(discounts, adjusted[i]) : adjusted[i];
    }
    const gamma = freed / total;
    logBackoffs[context] = Math.log(gamma);
    for (let i = first; i < last; i++) {
      probs[i] = (adjusted[i] - discountOf(discounts, adjusted[i])) / total + gamma * lower[suffixes[i]];
    }
  }
  return probs;
}

const discountOf = (discounts: Discounts, count: number): number =>
  count === 0 ? 0 : discounts[count < 3 ? count - 1 : 2];

function logarithms(values: Float64Array): Float32Array {
  const logs = new Float32Array(values.length);
  for (let i = 0; i < logs.length; i++) logs[i] = Math.log(values[i]);
  return logs;
}
