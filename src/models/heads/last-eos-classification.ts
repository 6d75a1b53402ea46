/** One label for a text from an encoder–decoder that reads it twice: the decoder's state at the last end-of-text token (Lewis et al. 2020, 3.1). */
import { Dropout, Linear } from '../../nn/index.ts';
import { arange } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { type ClassifierOptions, classificationLoss } from './classification.ts';

export class LastEosClassificationHead extends Head {
  readonly dense: Linear;
  readonly classifier: Linear;
  readonly dropout: Dropout;
  readonly options: ClassifierOptions & { eosTokenId: number };

  constructor(options: ClassifierOptions & { eosTokenId: number }) {
    super();
    const { hidden, labels, dropout = 0 } = options;
    this.options = options;
    this.dense = new Linear(hidden, hidden);
    this.classifier = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
  }

  /**
   * logits [batch, labels]
   *
   * @throws RangeError when a text does not end
   */
  forward({ lastHiddenState }: BackboneOutput, { inputIds, labels }: ModelInputs): HeadOutput {
    const { eosTokenId } = this.options;
    const isEnd = inputIds?.eq(eosTokenId).to('int64'); // [batch, time]
    if (!isEnd || isEnd.amax([1]).amin().item() === 0) {
      throw new RangeError(`every text must contain the end-of-text token (${eosTokenId}), where it is read`);
    }
    const last = isEnd.mul(arange(0, isEnd.size(1), { dtype: 'int64', device: isEnd.device })).argmax({ dim: 1 });
    const places = last.view([-1, 1, 1]).expand([-1, 1, lastHiddenState.size(2)]);
    const x = this.dropout.forward(lastHiddenState.gather(1, places).squeezeDim(1)); // [batch, hidden]
    const inner = this.dropout.forward(this.dense.forward(x).tanh());
    const logits = this.classifier.forward(inner).to('float32');
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }
}
