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
   * logits [batch, labels]. Without a padding id in config.json the mask says where each text ends.
   */
  forward({ lastHiddenState }: BackboneOutput, { inputIds, attentionMask, labels }: ModelInputs): HeadOutput {
    const all = this.score.forward(lastHiddenState); // [batch, time, labels]
    const last = this.#last(inputIds, attentionMask, all); // [batch]
    const places = last.view([-1, 1, 1]).expand([-1, 1, all.size(2)]);
    const logits = all.gather(1, places).squeezeDim(1).to('float32');
    return { logits, loss: labels && classificationLoss(logits, labels, this.options) };
  }

  #last(inputIds: Tensor | undefined, mask: Tensor | undefined, { shape: [batch, time], device }: Tensor): Tensor {
    const { padTokenId: pad } = this.options;
    if (inputIds && typeof pad === 'number') {
      const places = arange(0, time, { dtype: 'int64', device });
      return inputIds.ne(pad).to('int64').mul(places).argmax({ dim: 1 });
    }
    // Models that were trained here on texts alone have no token for padding; the mask says as much.
    if (typeof pad !== 'number' && mask) {
      const places = arange(0, time, { dtype: 'int64', device });
      return mask.to('int64').mul(places).argmax({ dim: 1 });
    }
    return arange(time - 1, time, { dtype: 'int64', device }).expand([batch]);
  }
}
