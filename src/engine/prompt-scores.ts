/** Log-probabilities of a prompt's own tokens, from the logits of a stretch of it. */
import type { TokenInfo } from './protocol.ts';
import type { TokenInfos } from './token-infos.ts';

/**
 * Each token is described by the logits of the one before it, so that a stretch describes all but its first token, and the
 * first of the next one. The first token of all has nothing before it and no score.
 *
 * @param ids the whole prompt
 * @param past tokens before the stretch
 * @param logits after each token of the stretch, each [vocab]
 * @param alternatives how many of the most probable tokens to report
 */
export function promptScores(
  infos: TokenInfos,
  ids: readonly number[],
  { past, logits, alternatives }: { past: number; logits: readonly Float32Array[]; alternatives: number },
): TokenInfo[] {
  const first = past === 0 ? [infos.describe(ids[0], undefined, alternatives)] : [];
  const next = ids.slice(past + 1, past + 1 + logits.length);
  return [...first, ...next.map((id, i) => infos.describe(id, logits[i], alternatives))];
}
