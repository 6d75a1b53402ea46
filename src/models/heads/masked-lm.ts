/**
 * Masked language modelling (Devlin et al. 2019, 3.1): each position's hidden state, transformed once more, is compared
 * with every word's vector.
 */
import {
  type Activation,
  activations,
  createNorm,
  type Embedding,
  emptyParameter,
  Linear,
  type Norm,
  type NormOptions,
  type Parameter,
} from '../../nn/index.ts';
import { castInput } from '../../torch/autocast.ts';
import type { Tensor } from '../../torch/index.ts';
import { isFused, linearCrossEntropy } from '../../torch/products.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import { lastPositions } from './lm.ts';

export interface MaskedLMHeadOptions {
  /** Width of the hidden states. */
  hidden: number;
  /** Width of word vectors where it is another one (ALBERT). */
  dim?: number;
  vocabSize: number;
  activation: Activation;
  /** Of the dense layer and of the scores. Default true. */
  bias?: { transform: boolean; scores: boolean };
  norm: NormOptions;
  /** The embedding table that is the output layer, too (Press & Wolf 2017). */
  tied?: Embedding;
}

export class MaskedLMHead extends Head {
  readonly transform: Linear;
  readonly norm: Norm;
  /** Absent when an embedding table is the output layer; it has the bias then. */
  readonly decoder: Linear | undefined;
  /** [vocab], beside an embedding table; absent without a bias of the scores */
  readonly bias: Parameter | undefined;
  readonly options: Omit<MaskedLMHeadOptions, 'tied'>;
  override readonly tiedPaths: readonly string[];
  readonly #tied: Embedding | undefined;

  constructor({ tied, ...options }: MaskedLMHeadOptions) {
    super();
    const { hidden, dim = hidden, vocabSize, norm, bias = { transform: true, scores: true } } = options;
    this.options = options;
    this.#tied = tied;
    this.tiedPaths = tied ? ['decoder.weight', ...(bias.scores ? ['decoder.bias'] : [])] : [];
    this.transform = new Linear(hidden, dim, { bias: bias.transform });
    this.norm = createNorm(dim, norm);
    this.decoder = tied ? undefined : new Linear(dim, vocabSize, { bias: bias.scores });
    this.bias = tied && bias.scores ? emptyParameter([vocabSize]) : undefined;
  }

  override get tied(): Embedding | undefined {
    return this.#tied;
  }

  /** logits [batch, time, vocab]; labels int64 [batch, time]: the words in masked places, −100 elsewhere */
  forward({ lastHiddenState: x }: BackboneOutput, { labels, logitsToKeep, rawLogits }: ModelInputs): HeadOutput {
    const raw = this.scores(lastPositions(x, logitsToKeep));
    return { logits: rawLogits ? raw : raw.to('float32'), loss: labels && tokenLoss(raw, labels) };
  }

  /**
   * Mean cross-entropy of the scores of masked places alone; where one operator does both, no scores are kept.
   *
   * @param x [n, hidden]: the hidden states of those places
   * @param targets int64 [n]: their words, −100 is ignored
   */
  loss(x: Tensor, targets: Tensor): Tensor {
    const y = this.#transformed(x);
    const { weight, bias } = this.#output;
    const input = castInput(y);
    const isPlain = !this.decoder?.adapter && !this.#tied?.adapter?.project;
    if (!isPlain || !isFused(input, [weight, bias])) return tokenLoss(this.#scoresOf(y), targets);
    return linearCrossEntropy(input.reshape([-1, weight.size(1)]), weight, targets.reshape([-1]), { bias });
  }

  /** [..., hidden] → [..., vocab] */
  scores(x: Tensor): Tensor {
    return this.#scoresOf(this.#transformed(x));
  }

  /** [..., hidden] → [..., dim] */
  #transformed(x: Tensor): Tensor {
    return this.norm.forward(activations[this.options.activation](this.transform.forward(x)));
  }

  #scoresOf(y: Tensor): Tensor {
    return this.decoder?.forward(y) ?? this.#tied!.project(y, { bias: this.bias });
  }

  get #output(): { weight: Parameter; bias: Parameter | undefined } {
    return this.decoder
      ? { weight: this.decoder.weight, bias: this.decoder.bias }
      : { weight: this.#tied!.weight, bias: this.bias };
  }
}
