/** A label for each token. */
import { Dropout, Linear } from '../../nn/index.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import type { ClassifierOptions } from './classification.ts';
import { PredictionTransform, type PredictionTransformOptions } from './prediction-transform.ts';

export interface TokenClassifierOptions extends Omit<ClassifierOptions, 'problemType'> {
  /** Before the classifier. */
  transform?: PredictionTransformOptions;
}

export class TokenClassificationHead extends Head {
  readonly transform: PredictionTransform | undefined;
  readonly classifier: Linear;
  readonly dropout: Dropout;

  constructor({ hidden, labels, dropout = 0, transform }: TokenClassifierOptions) {
    super();
    this.transform = transform && new PredictionTransform(hidden, transform);
    this.classifier = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /** logits [batch, time, labels]; labels int64 [batch, time], −100 is ignored */
  forward({ lastHiddenState }: BackboneOutput, { labels }: ModelInputs): HeadOutput {
    const x = this.transform?.forward(lastHiddenState) ?? lastHiddenState;
    const logits = this.classifier.forward(this.dropout.forward(x)).to('float32');
    return { logits, loss: labels && tokenLoss(logits, labels) };
  }
}
