/** Repetition, presence and frequency penalties. */
import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Makes every token that has occurred less likely: positive logits are divided by the penalty, negative ones multiplied
 * (CTRL, Keskar et al. 2019, arXiv:1909.05858). Above 1 discourages repetition, below 1 rewards it.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  const rescale = rescaler(penalty);
  return (inputIds, logits) => rescale(inputIds, logits);
}

/** `repetitionPenalty` turned around over the encoder's input: above 1 favours tokens that occur there. */
export function encoderRepetitionPenalty(penalty: number, encoderInputIds: ArrayLike<number>): LogitsProcessor {
  const rescale = rescaler(1 / penalty);
  return (_, logits) => rescale(encoderInputIds, logits);
}

function rescaler(penalty: number): LogitsProcessor {
  const factor = Math.fround(penalty);
  let done = new Uint8Array(0);
  return (ids, logits) => {
    if (done.length !== logits.length) done = new Uint8Array(logits.length);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (done[id] === 1) continue;
      done[id] = 1;
      logits[id] = logits[id] < 0 ? logits[id] * factor : logits[id] / factor;
    }
    for (let i = 0; i < ids.length; i++) done[ids[i]] = 0;
  };
}

export interface CountOptions {
  /** Tokens before this position are not counted, so that only generated text is penalised; default 0. */
  promptLength?: number;
}

/** Subtracts `penalty` from every token that has been generated, however often (OpenAI API, `presence_penalty`). */
export const presencePenalty = (penalty: number, options: CountOptions = {}): LogitsProcessor =>
  countPenalty(() => penalty, options);

/** Subtracts `penalty` once for each time that a token has been generated (OpenAI API, `frequency_penalty`). */
export const frequencyPenalty = (penalty: number, options: CountOptions = {}): LogitsProcessor =>
  countPenalty(count => count * penalty, options);

function countPenalty(penaltyOf: (count: number) => number, { promptLength = 0 }: CountOptions): LogitsProcessor {
  let counts = new Uint32Array(0);
  return (ids, logits) => {
    if (counts.length !== logits.length) counts = new Uint32Array(logits.length);
    for (let i = promptLength; i < ids.length; i++) counts[ids[i]]++;
    for (let i = promptLength; i < ids.length; i++) {
      const id = ids[i];
      if (counts[id] === 0) continue;
      logits[id] -= penaltyOf(counts[id]);
      counts[id] = 0;
    }
  };
}
