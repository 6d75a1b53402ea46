/**
 * One label for a whole sequence or image, mostly read at its first position: the state that the encoder's pooler makes
 * of it (BERT), or the state itself or the mean of all (ModernBERT), with a dense layer of the head's own (RoBERTa,
 * DistilBERT) or without (ViT).
 */
import { type Activation, activations, Dropout, Linear } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { embed } from '../pooling.ts';
import { type ClassifierOptions, classificationLoss } from './classification.ts';
import { PredictionTransform, type PredictionTransformOptions } from './prediction-transform.ts';

export interface SequenceClassifierOptions extends ClassifierOptions {
  /**
   * What the encoder's pooler made, the hidden state of the first position, that of the first token that is no padding,
   * or the mean of those of all tokens.
   */
  from: 'pooler' | 'first' | 'cls' | 'mean';
  /** A layer before the classifier, of the same width. */
  dense?: {
    activation: Activation;
    /** Dropout before it as well. Default false. */
    dropoutBefore?: boolean;
  };
  /** In place of that layer, one with a norm. */
  transform?: PredictionTransformOptions;
}

export class SequenceClassificationHead extends Head {
  readonly dense: Linear | undefined;
  readonly transform: PredictionTransform | undefined;
  readonly classifier: Linear;
  readonly dropout: Dropout;
  readonly options: SequenceClassifierOptions;

  constructor(options: SequenceClassifierOptions) {
    super();
    const { hidden, labels, dense, transform, dropout = 0 } = options;
    this.options = options;
    this.dense = dense && new Linear(hidden, hidden);
    this.transform = transform && new PredictionTransform(hidden, transform);
    this.classifier = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /** logits [batch, labels] */
  forward(output: BackboneOutput, { labels, attentionMask }: ModelInputs): HeadOutput {
    const logits = this.scores(output, attentionMask);
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }

  /**
   * @param attentionMask int64 [batch, time]: 1 where a token counts
   * @returns [batch, labels]
   */
  protected scores(output: BackboneOutput, attentionMask: Tensor | undefined): Tensor {
    const { dense } = this.options;
    let x = this.#read(output, attentionMask);
    if (dense) {
      x = activations[dense.activation](this.dense!.forward(dense.dropoutBefore ? this.dropout.forward(x) : x));
    }
    x = this.transform?.forward(x) ?? x;
    return this.classifier.forward(this.dropout.forward(x)).to('float32');
  }

  /** [batch, hidden] */
  #read(output: BackboneOutput, attentionMask: Tensor | undefined): Tensor {
    const { from } = this.options;
    if (from === 'pooler') return output.poolerOutput!;
    return from === 'first' ? output.lastHiddenState.select(1, 0) : embed(output, attentionMask, { pooling: from });
  }
}
