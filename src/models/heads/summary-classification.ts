/** One label for a text, read from one position or the mean of all, after a dense layer. */
import { Dropout, Linear } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { type ClassifierOptions, classificationLoss } from './classification.ts';

export interface SummaryOptions extends ClassifierOptions {
  /** Which position says what the text is: the last, the first, or the mean of all. */
  type: 'last' | 'first' | 'mean';
  /** A dense layer before the classifier. */
  projection: boolean;
  activation?: 'tanh';
}

export class SummaryClassificationHead extends Head {
  readonly summary: Linear | undefined;
  readonly logits: Linear;
  readonly dropout: Dropout;
  readonly options: SummaryOptions;

  constructor(options: SummaryOptions) {
    super();
    const { hidden, labels, projection, dropout = 0 } = options;
    this.options = options;
    this.summary = projection ? new Linear(hidden, hidden) : undefined;
    this.logits = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /** logits [batch, labels] */
  forward({ lastHiddenState }: BackboneOutput, { labels }: ModelInputs): HeadOutput {
    const read = this.#read(lastHiddenState);
    const dense = this.summary?.forward(read) ?? read;
    const summary = this.options.activation ? dense.tanh() : dense;
    const logits = this.logits.forward(this.dropout.forward(summary)).to('float32');
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }

  #read(x: Tensor): Tensor {
    const { type } = this.options;
    return type === 'mean' ? x.mean([1]) : x.select(1, type === 'last' ? x.size(1) - 1 : 0);
  }
}
