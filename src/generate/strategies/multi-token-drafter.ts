/**
 * Guesses of a model's own further heads (Stern et al. 2018, arXiv:1811.03115; Gloeckle et al. 2024, 3.3): what its trunk made of
 * the tokens that it has read says more than the next one. They cost no pass through the model, only a block each.
 */
import type { Decoder } from '../../models/decoder.ts';
import type { Model } from '../../models/model.ts';
import type { MultiTokenHeads } from '../../models/multi-token-heads.ts';
import { cat, dispose, inferenceMode, keep, scope, type Tensor } from '../../torch/index.ts';
import type { GenerationConfig } from '../config/generation-options.ts';
import { vectorsOf } from '../sessions/session.ts';
import { addGuess, type Drafter } from './drafter.ts';
import type { Guess } from './speculative-sampling.ts';

export interface MultiTokenDrafterOptions {
  /** Tokens of the prompt, with `padding` that do not count on the left. */
  promptLength: number;
  padding: number;
  /** Most positions of a text. */
  capacity: number;
}

/** It follows what the model reads from here on, of one prompt and the texts after it, until it is disposed of. */
export function multiTokenDrafter(
  model: Model,
  heads: MultiTokenHeads,
  config: GenerationConfig,
  { promptLength, padding, capacity }: MultiTokenDrafterOptions,
): Drafter {
  const { stack } = model.backbone as Decoder;
  const caches = heads.caches(capacity);
  const prompt: Tensor[] = [];
  /** What went into the model's last block, from position `from` on: [1, time, hidden] together. */
  let trunk: Tensor[] = [];
  let from = 0;
  const forget = (): void => {
    for (const part of trunk) if (!prompt.includes(part)) dispose(part);
    trunk = [];
  };
  stack.onTrunk = x => {
    const isPrompt = prompt.length === 0;
    // Padding is read by some sessions, and not by others.
    const skipped = isPrompt ? Math.max(0, x.size(1) - (promptLength - padding)) : 0;
    const own = scope(() => keep(x.narrow(1, skipped, x.size(1) - skipped).clone()));
    if (isPrompt) prompt.push(own);
    trunk.push(own);
  };
  /** The logits of each head after the last of `count` positions that were read and are not in the caches. */
  const logitsAfter = (count: number): Float32Array[] =>
    scope(() =>
      inferenceMode(() => {
        const x = cat(trunk, 1).narrow(1, 0, count);
        return heads.blocks.map((block, i) => {
          const states = heads.states(block, x, { cache: caches[i] }).narrow(1, count - 1, 1);
          return vectorsOf(heads.scores(states))[0][0];
        });
      }),
    );
  return {
    guess(row, most) {
      // The last token has not been read; what was read of wrong guesses is left out.
      const read = row.ids.length - 1 - padding;
      const count = read - from;
      const guesses: Guess[] = [];
      const logits = logitsAfter(count);
      forget();
      from = read;
      for (const scores of logits.slice(0, Math.min(most, config.numAssistantTokens))) {
        if (!addGuess(guesses, scores, row, config)) break;
      }
      return guesses;
    },
    restart() {
      forget();
      for (const cache of caches) cache.truncate(0);
      from = 0;
      trunk = [...prompt];
    },
    [Symbol.dispose]() {
      stack.onTrunk = undefined;
      forget();
      dispose(prompt);
      for (const cache of caches) cache.dispose();
    },
  };
}
