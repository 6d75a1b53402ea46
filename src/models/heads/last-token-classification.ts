/** One label for a text from a decoder: it is read at the last token that is no padding, the one that saw all others. */
import { Linear } from '../../nn/index.ts';
import { arange, type Tensor } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { type ClassifierOptions, classificationLoss } from './classification.ts';

export class LastTokenClassificationHead extends Head {
  readonly score: Linear;
  readonly options: ClassifierOptions & { padTokenId?: number | null };

  constructor(options: ClassifierOptions & { padTokenId?: number | null }) {
    super();
    this.options = options;
    this.score = new Linear(options.hidden, options.labels, { bias: false });
  }

  /**
   * logits [batch, labels]
   *
   * @throws RangeError when several texts come without a padding id to tell where each ends
   */
  forward({ lastHiddenState }: BackboneOutput, { inputIds, labels }: ModelInputs): HeadOutput {
    const all = this.score.forward(lastHiddenState); // [batch, time, labels]
    const last = this.#last(inputIds, all); // [batch]
    const places = last.view([-1, 1, 1]).expand([-1, 1, all.size(2)]);
    const logits = all.gather(1, places).squeezeDim(1).to('float32');
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }

  #last(inputIds: Tensor | undefined, { shape: [batch, time], device }: Tensor): Tensor {
    const { padTokenId: pad } = this.options;
    if (inputIds && typeof pad === 'number') {
      const places = arange(0, time, { dtype: 'int64', device });
      return inputIds.ne(pad).to('int64').mul(places).argmax({ dim: 1 });
    }
    if (typeof pad !== 'number' && batch > 1) {
      throw new RangeError('several texts need pad_token_id in config.json, which says where each ends');
    }
    return arange(time - 1, time, { dtype: 'int64', device }).expand([batch]);
  }
}
