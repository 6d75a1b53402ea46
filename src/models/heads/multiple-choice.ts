/** Which of several continuations is the right one (Devlin et al. 2019, 4.4): each gets a score by itself. */
import { tokenLoss } from '../losses.ts';
import type { BackboneOutput, HeadOutput, ModelInputs } from '../model.ts';
import { SequenceClassificationHead, type SequenceClassifierOptions } from './sequence-classification.ts';

export class MultipleChoiceHead extends SequenceClassificationHead {
  constructor(options: Omit<SequenceClassifierOptions, 'labels' | 'problemType'>) {
    super({ ...options, labels: 1 });
  }

  /** Inputs are [batch, choices, time]; the backbone sees [batch · choices, time]. */
  override backboneInputs(inputs: ModelInputs): ModelInputs {
    const { inputIds, inputsEmbeds, attentionMask, globalAttentionMask, tokenTypeIds, positionIds } = inputs;
    return {
      ...inputs,
      inputIds: inputIds?.flatten({ startDim: 0, endDim: 1 }),
      inputsEmbeds: inputsEmbeds?.flatten({ startDim: 0, endDim: 1 }),
      attentionMask: attentionMask?.flatten({ startDim: 0, endDim: 1 }),
      globalAttentionMask: globalAttentionMask?.flatten({ startDim: 0, endDim: 1 }),
      tokenTypeIds: tokenTypeIds?.flatten({ startDim: 0, endDim: 1 }),
      positionIds: positionIds?.flatten({ startDim: 0, endDim: 1 }),
    };
  }

  /** logits [batch, choices]; labels int64 [batch] */
  override forward(output: BackboneOutput, inputs: ModelInputs): HeadOutput {
    const { inputIds, inputsEmbeds, attentionMask, labels } = inputs;
    const choices = (inputIds ?? inputsEmbeds!).size(1);
    const mask = attentionMask?.flatten({ startDim: 0, endDim: 1 });
    const logits = this.scores(output, mask).view([-1, choices]);
    return { logits, loss: labels && tokenLoss(logits, labels) };
  }
}
