/** Extractive question answering: where in the text the answer starts and ends (Devlin et al. 2019, 4.2). */
import { Dropout, Linear } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { PredictionTransform, type PredictionTransformOptions } from './prediction-transform.ts';

export interface SpanHeadOptions {
  /** Before the projection. Default 0. */
  dropout?: number;
  /** Before both. */
  transform?: PredictionTransformOptions;
}

export class SpanHead extends Head {
  readonly transform: PredictionTransform | undefined;
  readonly span: Linear;
  readonly dropout: Dropout;

  constructor(hidden: number, { dropout = 0, transform }: SpanHeadOptions = {}) {
    super();
    this.transform = transform && new PredictionTransform(hidden, transform);
    this.span = new Linear(hidden, 2);
    this.dropout = new Dropout(dropout);
  }

  /** Start and end logits [batch, time]; the loss is the mean of both. Places outside the text do not count. */
  forward({ lastHiddenState }: BackboneOutput, inputs: ModelInputs): HeadOutput {
    const { startPositions, endPositions } = inputs;
    const [startLogits, endLogits] = this.scores(lastHiddenState, inputs)
      .unbind(-1)
      .map(part => part.contiguous());
    if (!startPositions || !endPositions) return { startLogits, endLogits };
    const time = startLogits.size(1);
    const [start, end] = [startPositions, endPositions].map(places => places.flatten().clamp({ min: 0, max: time }));
    const loss = tokenLoss(startLogits, start, time)
      .add(tokenLoss(endLogits, end, time))
      .div(2);
    return { startLogits, endLogits, loss };
  }

  /** [batch, time, hidden] → [batch, time, 2] */
  protected scores(x: Tensor, _inputs: ModelInputs): Tensor {
    return this.span.forward(this.dropout.forward(this.transform?.forward(x) ?? x)).to('float32');
  }
}
