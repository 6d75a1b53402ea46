/** Dropping rare n-grams from a model whose backoff weights already account for them. */
import { usageError } from '../support/errors.ts';
import type { NgramCounts } from './counts.ts';
import type { Trie } from './trie.ts';

/** One threshold per n-gram length; the last given one is valid for all longer ones. */
export function pruneThresholds(prune: readonly number[], order: number): number[] {
  const thresholds = Array.from({ length: order }, (_, i) => prune[Math.min(i, prune.length - 1)] ?? 0);
  const possible =
    prune.length <= order && thresholds.every((t, i) => Number.isInteger(t) && t >= (thresholds[i - 1] ?? 0));
  if (!possible || thresholds[0] !== 0) {
    throw usageError(
      'TSLM_NGRAM_PRUNE',
      `pruning thresholds ${prune.join(' ')}: expected at most ${order} counts that never decrease, the first 0`,
      'for example `0 0 1`: drop trigrams and longer that occur once',
    );
  }
  return thresholds;
}

/** The trie without the n-grams that occur at most `thresholds[n-1]` times. What an n-gram begins with is never rarer. */
export function pruneTrie(trie: Trie, counts: NgramCounts, thresholds: readonly number[]): Trie {
  if (thresholds.every(threshold => threshold === 0)) return trie;
  const keeps = counts.levels.map((level, i) => level.counts.map(count => (count > thresholds[i] ? 1 : 0)));
  keeps[0].fill(1);
  return trie.map((level, i) => ({
    tokens: select(level.tokens, keeps[i]),
    logProbs: select(level.logProbs, keeps[i]),
    logBackoffs: level.logBackoffs.length ? select(level.logBackoffs, keeps[i]) : level.logBackoffs,
    childStart: level.childStart.length ? renumber(level.childStart, keeps[i], keeps[i + 1]) : level.childStart,
  }));
}

function select<T extends Uint32Array | Float32Array>(values: T, keep: Uint32Array): T {
  return values.filter((_, i) => keep[i] === 1) as T;
}

/** Child ranges of the kept parents, in numbers of kept children. */
function renumber(childStart: Uint32Array, keepParent: Uint32Array, keepChild: Uint32Array): Uint32Array {
  const starts = new Uint32Array(keepParent.reduce((sum, keep) => sum + keep, 1));
  let parents = 0;
  let children = 0;
  for (let parent = 0; parent < keepParent.length; parent++) {
    for (let i = childStart[parent]; i < childStart[parent + 1]; i++) children += keepChild[i];
    if (keepParent[parent]) starts[++parents] = children;
  }
  return starts;
}
