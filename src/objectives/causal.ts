/** Causal language modelling: each position predicts the next token (Bengio et al. 2003; Radford et al. 2018). */

import { Decoder } from '../models/decoder.ts';
import { LMHead } from '../models/heads/lm.ts';
import { tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { fromTypedArray, scope, type Tensor } from '../torch/index.ts';
import type { Objective } from './objective.ts';

export interface CausalBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  /** int64 [batch, time]: the token after each input */
  targets: Tensor;
}

/** Throws a usage error for a model that does not predict the next token from those before it. */
export function requireCausal({ task, backbone, family }: Model, where: string): void {
  if (task === 'causalLM' && backbone instanceof Decoder) return;
  throw usageError(
    'TSLM_NOT_CAUSAL',
    `${where}: a ${family.modelType} model (${task}) does not predict the next token from those before it`,
    'use a decoder with a language-model head: gpt2, llama, qwen3 …',
  );
}

export const causal: Objective<CausalBatch> = {
  exampleLength: context => context + 1,

  batch(examples, device) {
    const time = examples[0].length - 1;
    const inputs = new BigInt64Array(examples.length * time);
    const targets = new BigInt64Array(examples.length * time);
    for (const [row, tokens] of examples.entries()) {
      for (let t = 0; t < time; t++) {
        inputs[row * time + t] = BigInt(tokens[t]);
        targets[row * time + t] = BigInt(tokens[t + 1]);
      }
    }
    const shape = [examples.length, time];
    return {
      inputIds: fromTypedArray(inputs, shape, { copy: false }).to({ device }),
      targets: fromTypedArray(targets, shape, { copy: false }).to({ device }),
    };
  },

  loss(model, { inputIds, targets }) {
    // What autograd does not keep of the way to the loss is not to wait for the end of the step.
    return scope(() => {
      const { backbone, head } = model;
      if (head instanceof LMHead) return head.loss(backbone.forward({ inputIds }).lastHiddenState, targets);
      return tokenLoss(model.forward({ inputIds, rawLogits: true }).logits!, targets);
    });
  },

  count: ({ targets }) => targets.numel,
};
