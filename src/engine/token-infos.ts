/** Tokens as answers report them: text, bytes, and log-probabilities with the best alternatives. */

import { tokenTexts } from '../constrain/index.ts';
import { logProbability } from '../generate/sampling.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { TokenInfo } from './protocol.ts';

export interface TokenInfos {
  /**
   * A token and the log-probability that `logits` give it.
   *
   * @param logits of the model alone; undefined for a token that nothing comes before
   * @param alternatives how many of the most probable tokens to report
   */
  describe(id: number, logits: Float32Array | undefined, alternatives: number): TokenInfo;
  text(id: number): { text: string; bytes: number[] };
}

export function createTokenInfos(tokenizer: Tokenizer): TokenInfos {
  let texts: readonly (Uint8Array | undefined)[] | undefined;
  const encoder = new TextEncoder();
  const text = (id: number): { text: string; bytes: number[] } => {
    texts ??= tokenTexts(tokenizer);
    const bytes = texts[id] ?? encoder.encode(tokenizer.idToToken(id) ?? '');
    return { text: Buffer.from(bytes).toString('utf8'), bytes: Array.from(bytes) };
  };
  return {
    text,
    describe(id, logits, alternatives) {
      if (!logits) return { id, ...text(id), logprob: null };
      const logprob = logProbability(logits, id);
      const shift = logits[id] - logprob; // log Σ eˣ
      const top = largest(logits, alternatives).map(best => ({
        id: best,
        ...text(best),
        logprob: logits[best] - shift,
      }));
      return { id, ...text(id), logprob, ...(alternatives > 0 && { top }) };
    },
  };
}

/** Indices of the `count` largest, the largest first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  if (count === 0) return best;
  for (let i = 0; i < values.length; i++) {
    if (best.length === count && values[i] <= values[best[count - 1]]) continue;
    let place = best.length === count ? count - 1 : best.length;
    while (place > 0 && values[i] > values[best[place - 1]]) {
      best[place] = best[place - 1];
      place--;
    }
    best[place] = i;
  }
  return best;
}
