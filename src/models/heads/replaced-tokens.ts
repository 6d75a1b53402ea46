/**
 * Which tokens are not those of the text (ELECTRA, Clark et al. 2020): one score for each, high where it was replaced.
 */
import { type Activation, activations, Linear } from '../../nn/index.ts';
import { binaryCrossEntropyWithLogits, type Tensor } from '../../torch/index.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';

export class ReplacedTokensHead extends Head {
  readonly dense: Linear;
  readonly classifier: Linear;
  readonly activation: Activation;

  constructor(hidden: number, activation: Activation) {
    super();
    this.activation = activation;
    this.dense = new Linear(hidden, hidden);
    this.classifier = new Linear(hidden, 1);
  }

  /** logits [batch, time]; labels int64 [batch, time]: 1 where a token was replaced; padding does not count */
  forward({ lastHiddenState }: BackboneOutput, { labels, attentionMask }: ModelInputs): HeadOutput {
    const logits = this.scores(lastHiddenState);
    if (!labels) return { logits };
    const weight = attentionMask?.to('float32');
    const sum = binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype), { weight, reduction: SUM });
    return { logits, loss: sum.div(weight ? weight.sum() : labels.numel) };
  }

  /** [..., hidden] → float32 [...] */
  scores(x: Tensor): Tensor {
    const y = activations[this.activation](this.dense.forward(x));
    return this.classifier.forward(y).squeezeDim(-1).to('float32');
  }
}

/** `at::Reduction::Sum` */
const SUM = 2;
