/** A label for each token. */
import { Dropout, Linear } from '../../nn/index.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import type { ClassifierOptions } from './classification.ts';

export class TokenClassificationHead extends Head {
  readonly classifier: Linear;
  readonly dropout: Dropout;

  constructor({ hidden, labels, dropout = 0 }: Omit<ClassifierOptions, 'problemType'>) {
    super();
    this.classifier = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /** logits [batch, time, labels]; labels int64 [batch, time], −100 is ignored */
  forward({ lastHiddenState }: BackboneOutput, { labels }: ModelInputs): HeadOutput {
    const logits = this.classifier.forward(this.dropout.forward(lastHiddenState)).to('float32');
    return { logits, loss: labels && tokenLoss(logits, labels) };
  }
}
