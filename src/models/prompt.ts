/** What stands before every input of a backbone while an adapter of prompts is in use. */
import type { Parameter } from '../nn/index.ts';
import type { Tensor } from '../torch/index.ts';
import { cat, ones, zeros } from '../torch/index.ts';
import type { Backbone, BackboneOutput, ModelInputs } from './model.ts';

export interface Prompt {
  /** What is learnt, as PEFT stores it. */
  readonly parameter: Parameter;
  /** Positions that it takes. */
  readonly count: number;
  /** The backbone's result with the prompt before the input. */
  around(backbone: Backbone, inputs: ModelInputs): BackboneOutput;
  /** Where in a model it stands. */
  readonly place: 'reader' | 'writer';
}

/** Inputs of a backbone that has `count` positions before the first: masks and numbers of positions say so. */
export function shifted(inputs: ModelInputs, count: number): ModelInputs {
  const { attentionMask, positionIds } = inputs;
  return {
    ...inputs,
    attentionMask: attentionMask && before(attentionMask, count, 1),
    positionIds: positionIds?.add(count),
  };
}

/** [batch, time] → [batch, count + time], with zeros or ones in front. */
export function before(values: Tensor, count: number, value: 0 | 1): Tensor {
  const { dtype, device } = values;
  return cat([(value === 1 ? ones : zeros)([values.size(0), count], { dtype, device }), values], 1);
}
