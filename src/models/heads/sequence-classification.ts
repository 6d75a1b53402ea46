/**
 * One label for a whole sequence or image, mostly read at its first position: the state that the encoder's pooler makes
 * of it (BERT), or the state itself, with a dense layer of the head's own (RoBERTa, DistilBERT) or without (ViT).
 */
import { type Activation, activations, Dropout, Linear } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { type ClassifierOptions, classificationLoss } from './classification.ts';

export interface SequenceClassifierOptions extends ClassifierOptions {
  /** What the encoder's pooler made, or the hidden state of the first position. */
  from: 'pooler' | 'first';
  /** A layer before the classifier, of the same width. */
  dense?: {
    activation: Activation;
    /** Dropout before it as well. Default false. */
    dropoutBefore?: boolean;
  };
}

export class SequenceClassificationHead extends Head {
  readonly dense: Linear | undefined;
  readonly classifier: Linear;
  readonly dropout: Dropout;
  readonly options: SequenceClassifierOptions;

  constructor(options: SequenceClassifierOptions) {
    super();
    const { hidden, labels, dense, dropout = 0 } = options;
    this.options = options;
    this.dense = dense && new Linear(hidden, hidden);
    this.classifier = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /** logits [batch, labels] */
  forward(output: BackboneOutput, { labels }: ModelInputs): HeadOutput {
    const logits = this.scores(output);
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }

  /** @returns [batch, labels] */
  protected scores({ lastHiddenState, poolerOutput }: BackboneOutput): Tensor {
    const { from, dense } = this.options;
    let x = from === 'pooler' ? poolerOutput! : lastHiddenState.select(1, 0);
    if (dense) {
      x = activations[dense.activation](this.dense!.forward(dense.dropoutBefore ? this.dropout.forward(x) : x));
    }
    return this.classifier.forward(this.dropout.forward(x)).to('float32');
  }
}
