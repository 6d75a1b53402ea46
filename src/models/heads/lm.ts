/** Language-model heads: hidden states → scores of every word. */
import { type Embedding, emptyParameter, Linear, type Parameter } from '../../nn/index.ts';
import { castInput } from '../../torch/autocast.ts';
import type { Tensor } from '../../torch/index.ts';
import { isFused, linearCrossEntropy } from '../../torch/products.ts';
import { causalLoss, tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';

/** [batch, time, hidden] → [batch, n, hidden]: the last n positions, or all. */
export const lastPositions = (x: Tensor, n = x.size(1)): Tensor => (n < x.size(1) ? x.narrow(1, x.size(1) - n, n) : x);

export interface LMHeadOptions {
  /** Width of the hidden states. */
  hidden: number;
  vocabSize: number;
  /** The embedding table that is the output layer, too (Press & Wolf 2017). */
  tied?: Embedding;
  /** A bias on the scores that is stored and not trained (BART's `final_logits_bias`). Default false. */
  fixedBias?: boolean;
  /** A bias on the scores. Default false. */
  bias?: boolean;
  /** Factor on the hidden states first. Default 1. */
  scale?: number;
  /** Scores s become c·tanh(s / c). */
  softcap?: number;
  /** Labels belong to their own position (encoder–decoder) or are the words themselves, each predicted before it. */
  shiftLabels: boolean;
}

export class LMHead extends Head {
  /** Absent when an embedding table is the output layer. */
  readonly projection: Linear | undefined;
  /** [vocab], fixed: [1, vocab] */
  readonly bias: Parameter | undefined;
  readonly options: Omit<LMHeadOptions, 'tied'>;
  override readonly tiedPaths: readonly string[];
  readonly #tied: Embedding | undefined;

  override get tied(): Embedding | undefined {
    return this.#tied;
  }

  constructor({ tied, ...options }: LMHeadOptions) {
    super();
    const { hidden, vocabSize, bias, fixedBias } = options;
    this.options = options;
    this.#tied = tied;
    this.tiedPaths = tied ? ['projection.weight'] : [];
    this.projection = tied ? undefined : new Linear(hidden, vocabSize, { bias: false });
    this.bias = bias || fixedBias ? emptyParameter(fixedBias ? [1, vocabSize] : [vocabSize]) : undefined;
    if (this.bias && fixedBias) this.bias.requiresGrad = false;
  }

  forward({ lastHiddenState: x }: BackboneOutput, { labels, logitsToKeep, rawLogits }: ModelInputs): HeadOutput {
    const seen = lastPositions(x, logitsToKeep);
    const raw = this.scores(seen);
    const loss = labels && (this.options.shiftLabels ? causalLoss(raw, labels) : tokenLoss(raw, labels));
    return { logits: rawLogits ? raw : raw.to('float32'), loss };
  }

  /**
   * Mean cross-entropy of each position's scores with its target; where one operator does both, no scores are kept.
   *
   * @param x [batch, time, hidden]
   * @param targets int64 [batch, time], −100 is ignored
   */
  loss(x: Tensor, targets: Tensor): Tensor {
    const { scale = 1, softcap, hidden } = this.options;
    const weight = this.projection?.weight ?? this.#tied!.weight;
    const input = castInput(scale === 1 ? x : x.mul(scale));
    const isAdapted = this.projection?.adapter || this.#tied?.adapter?.project;
    // Eight bits are those of `scores`.
    const isPlain = softcap === undefined && !isAdapted && this.#tied?.packedForm !== 'int8';
    if (!isPlain || !isFused(input, [weight, this.bias])) return tokenLoss(this.scores(x), targets);
    const bias = this.bias?.flatten();
    return linearCrossEntropy(input.reshape([-1, hidden]), weight, targets.reshape([-1]), { bias });
  }

  /** [..., hidden] → [..., vocab] */
  scores(x: Tensor): Tensor {
    const { scale = 1, softcap } = this.options;
    const scaled = scale === 1 ? x : x.mul(scale);
    let logits = this.projection?.forward(scaled) ?? this.#tied!.project(scaled);
    if (this.bias) logits = logits.add(this.bias.to(logits.dtype));
    return softcap === undefined ? logits : logits.div(softcap).tanh().mul(softcap);
  }
}
