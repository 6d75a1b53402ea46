/** Log-probabilities of given tokens from hidden states: only the places that are asked for meet the output layer. */
import { wordHeadOf } from '../../models/heads/word-head.ts';
import type { Model } from '../../models/model.ts';
import { inferenceMode, int64Tensor, scope, type Tensor } from '../../torch/index.ts';

export interface TokenLogProb {
  logProb: number;
  /** Whether no token is more probable. */
  isGreedy: boolean;
}

/** Most logits that are in memory at once. */
const MOST_LOGITS = 1 << 24;

/**
 * @param states [places, hidden]
 * @param targets the token at each place
 */
export function tokenLogProbs(model: Model, states: Tensor, targets: readonly number[]): TokenLogProb[] {
  const head = wordHeadOf(model)!;
  const vocabulary = Number(model.config.vocab_size ?? 1 << 15);
  const step = Math.max(1, Math.floor(MOST_LOGITS / vocabulary));
  const found: TokenLogProb[] = [];
  for (let begin = 0; begin < targets.length; begin += step) {
    const ids = targets.slice(begin, begin + step);
    scope(() => {
      const part = states.narrow(0, begin, ids.length).unsqueeze(0);
      const logits = head.forward({ lastHiddenState: part }, {}).logits!.squeezeDim(0); // [places, vocab]
      const wanted = int64Tensor(ids, [ids.length, 1], { device: model.device });
      const own = logits.logSoftmax(-1).gather(1, wanted).toNumbers();
      const best = logits.argmax({ dim: 1 }).toNumbers();
      for (const [i, id] of ids.entries()) found.push({ logProb: own[i], isGreedy: best[i] === id });
    });
  }
  return found;
}

/** `tokenLogProbs` of a batch: runs it, and takes its hidden states [batch, time, hidden] at these places. */
export function logProbsAt(
  model: Model,
  states: () => Tensor,
  places: readonly { row: number; at: number; id: number }[],
): TokenLogProb[] {
  return scope(() =>
    inferenceMode(() => {
      const all = states();
      const [, time, hidden] = all.shape;
      const index = places.map(({ row, at }) => row * time + at);
      const chosen = all
        .reshape([-1, hidden])
        .indexSelect(0, int64Tensor(index, [index.length], { device: model.device }));
      return tokenLogProbs(
        model,
        chosen,
        places.map(({ id }) => id),
      );
    }),
  );
}

export const sumOf = (tokens: readonly TokenLogProb[]): number => tokens.reduce((sum, { logProb }) => sum + logProb, 0);
export const allGreedy = (tokens: readonly TokenLogProb[]): boolean => tokens.every(({ isGreedy }) => isGreedy);
