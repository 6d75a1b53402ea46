/** Extractive question answering with a feed-forward layer before the scores, in which no question token may answer (BigBird). */
import { createNorm, FeedForward, type FeedForwardOptions, type Norm, type NormOptions } from '../../nn/index.ts';
import { arange, type Tensor } from '../../torch/index.ts';
import type { ModelInputs } from '../model.ts';
import { SpanHead } from './span.ts';

export interface ContextSpanOptions {
  feedForward: FeedForwardOptions;
  norm: NormOptions;
  dropout: number;
  /** The token at the end of the question. */
  separator: number;
}

export class ContextSpanHead extends SpanHead {
  readonly feedForward: FeedForward;
  readonly norm: Norm;
  readonly separator: number;

  constructor({ feedForward, norm, dropout, separator }: ContextSpanOptions) {
    super(feedForward.hidden, { dropout });
    this.feedForward = new FeedForward(feedForward);
    this.norm = createNorm(feedForward.hidden, norm);
    this.separator = separator;
  }

  /** Question and text are two segments where the inputs do not say. */
  override backboneInputs(inputs: ModelInputs): ModelInputs {
    return { ...inputs, tokenTypeIds: inputs.tokenTypeIds ?? this.#isQuestion(inputs)?.eq(0).to('int64') };
  }

  protected override scores(x: Tensor, inputs: ModelInputs): Tensor {
    const thought = this.dropout.forward(this.feedForward.forward(this.dropout.forward(x)));
    const scores = this.span.forward(this.norm.forward(thought.add(x))).to('float32');
    const question = this.#isQuestion(inputs);
    if (!question) return scores;
    // The first position stands for the whole text: that there is no answer.
    const isBarred = question.logicalAnd(arange(0, question.size(1), { device: x.device }).gt(0));
    return scores.sub(isBarred.to('float32').unsqueeze(-1).mul(1e6));
  }

  /** bool [batch, time]; undefined where neither lengths nor token ids are given */
  #isQuestion({ inputIds, inputsEmbeds, questionLengths }: ModelInputs): Tensor | undefined {
    const lengths = questionLengths?.view([-1, 1]) ?? (inputIds && this.#throughSeparator(inputIds));
    const input = inputIds ?? inputsEmbeds!;
    return lengths && arange(0, input.size(1), { dtype: 'int64', device: input.device }).unsqueeze(0).lt(lengths);
  }

  /** int64 [batch, 1]: tokens through the first separator; 1 without one */
  #throughSeparator(inputIds: Tensor): Tensor {
    return inputIds.eq(this.separator).to('int64').argmax({ dim: 1, keepdim: true }).add(1);
  }
}
