/**
 * One Transformer block (Vaswani et al. 2017): attention to the sequence itself, in a decoder with an encoder to its
 * output as well, and a feed-forward network; each with a norm and a residual connection.
 */
import {
  Attention,
  type AttentionInputs,
  type AttentionKind,
  type AttentionOptions,
  createAttention,
  createNorm,
  Dropout,
  FeedForward,
  type FeedForwardOptions,
  Module,
  type Norm,
  type NormOptions,
} from '../nn/index.ts';
import { autocastDtype, type Tensor } from '../torch/index.ts';

export interface LayerOptions {
  hidden: number;
  attention: AttentionOptions;
  /** Attention to an encoder's output. */
  crossAttention?: Omit<AttentionOptions, 'kind'>;
  feedForward: FeedForwardOptions;
  norm: NormOptions;
  /** Attention has its norm: ModernBERT's first layer has none, as the embeddings are normed. Default true. */
  attentionNorm?: boolean;
  /**
   * Where norms stand: `pre`, before each part (Radford et al. 2019); `post`, after the residual sum (Vaswani et al.
   * 2017); `sandwich`, before each part and again before the sum (Gemma 2). Default `pre`.
   */
  normPlacement?: 'pre' | 'post' | 'sandwich';
  /** The residual connection starts after the norm (BLOOM's option). Default false. */
  residualAfterNorm?: boolean;
  /** On what each part adds to the residual stream. */
  dropout: number | { attention: number; feedForward: number };
}

export interface LayerInputs extends AttentionInputs {
  /** An encoder's output: [batch, keys, hidden]. */
  encoded?: Tensor;
  /** Added to the scores of attention to it. */
  encodedMask?: Tensor;
}

export interface LayerOutput {
  /** [batch, time, hidden] */
  hidden: Tensor;
  attention?: Tensor;
  globalAttention?: Tensor;
  crossAttention?: Tensor;
}

/** @param residual added to the result by the part itself */
type Part = (x: Tensor, residual?: Tensor) => Tensor;

export class Layer extends Module {
  readonly options: LayerOptions;
  readonly attentionNorm: Norm | undefined;
  attention: Attention;
  readonly attentionPostNorm: Norm | undefined;
  readonly crossAttentionNorm: Norm | undefined;
  readonly crossAttention: Attention | undefined;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForward;
  readonly feedForwardPostNorm: Norm | undefined;
  readonly attentionDropout: Dropout;
  readonly feedForwardDropout: Dropout;

  constructor(options: LayerOptions) {
    super();
    const { hidden, norm, attentionNorm = true, crossAttention, normPlacement, dropout } = options;
    const postNorm = (): Norm | undefined => (normPlacement === 'sandwich' ? createNorm(hidden, norm) : undefined);
    this.options = options;
    this.attentionNorm = attentionNorm ? createNorm(hidden, norm) : undefined;
    this.attention = createAttention(options.attention);
    this.attentionPostNorm = postNorm();
    this.crossAttentionNorm = crossAttention && createNorm(hidden, norm);
    this.crossAttention = crossAttention && new Attention(crossAttention);
    this.feedForwardNorm = createNorm(hidden, norm);
    this.feedForward = new FeedForward(options.feedForward);
    this.feedForwardPostNorm = postNorm();
    const rates = typeof dropout === 'number' ? { attention: dropout, feedForward: dropout } : dropout;
    this.attentionDropout = new Dropout(rates.attention);
    this.feedForwardDropout = new Dropout(rates.feedForward);
  }

  /** Puts attention of another kind in place, its weights undefined. */
  replaceAttention(kind: AttentionKind): void {
    this.attention.dispose();
    this.attention = createAttention({ ...this.attention.options, kind });
  }

  forward(x: Tensor, { encoded, encodedMask, ...inputs }: LayerInputs): LayerOutput {
    const output: LayerOutput = { hidden: x };
    const attend: Part = (y, residual) => {
      const [context, probabilities, globalProbabilities] = this.attention.forward(y, { ...inputs, residual });
      output.attention = probabilities;
      output.globalAttention = globalProbabilities;
      return context;
    };
    const cross: Part = (y, residual) => {
      const [context, probabilities] = this.crossAttention!.forward(y, {
        ...inputs,
        memory: encoded,
        mask: encodedMask,
        residual,
      });
      output.crossAttention = probabilities;
      return context;
    };
    const dropout = this.attentionDropout;
    let y = this.#residual(x, attend, dropout, this.attentionNorm, this.attentionPostNorm);
    if (this.crossAttention && encoded) y = this.#residual(y, cross, dropout, this.crossAttentionNorm!);
    const think: Part = (z, residual) => this.feedForward.forward(z, residual);
    output.hidden = this.#residual(y, think, this.feedForwardDropout, this.feedForwardNorm, this.feedForwardPostNorm);
    return output;
  }

  #residual(x: Tensor, part: Part, dropout: Dropout, norm: Norm | undefined, postNorm?: Norm): Tensor {
    const { normPlacement = 'pre', residualAfterNorm } = this.options;
    if (normPlacement === 'post') {
      const sum = x.add(dropout.forward(part(x)));
      return norm?.forward(sum) ?? sum;
    }
    const dtype = autocastDtype(); // what follows a norm is a product
    if (!residualAfterNorm && !postNorm && !dropout.isActive && x.dtype === 'float32') {
      // The gradients of both ways meet in the norm, and the last product of a part adds the residual to its sums.
      const [residual, normed] = norm?.forwardResidual(x, dtype) ?? [x, x];
      return part(normed, residual);
    }
    const normed = norm?.forward(x, dtype) ?? x;
    const y = part(normed);
    return (residualAfterNorm ? normed.to(x.dtype) : x).add(dropout.forward(postNorm?.forward(y) ?? y));
  }
}
