/**
 * Which of two cases a pair of segments is: the second follows the first or comes from elsewhere (Devlin et al. 2019), or
 * their order is right or swapped (Lan et al. 2020). By itself, and beside masked words in pre-training.
 */
import { Dropout, type Embedding, Linear } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';
import type { MaskedLMHead } from './masked-lm.ts';

/** Next sentence prediction: 0, the second segment follows the first; 1, it does not. */
export class NextSentenceHead extends Head {
  readonly pair: Linear;

  constructor(hidden: number) {
    super();
    this.pair = new Linear(hidden, 2);
  }

  /** logits [batch, 2]; labels int64 [batch] */
  forward(output: BackboneOutput, { labels }: ModelInputs): HeadOutput {
    const logits = this.pairLogits(output);
    return { logits, loss: labels && tokenLoss(logits, labels) };
  }

  /** @returns [batch, 2] */
  pairLogits({ poolerOutput }: BackboneOutput): Tensor {
    return this.pair.forward(poolerOutput!).to('float32');
  }
}

export interface PretrainingOptions {
  /** Width of the pooled state. */
  hidden: number;
  predictions: MaskedLMHead;
  /** What is asked about the pair. */
  pair: 'nextSentence' | 'sentenceOrder';
  /** Number of its answers. Default 2. */
  labels?: number;
  /** On the pooled state. Default 0. */
  dropout?: number;
  /** The loss of masked words alone counts where nothing is said about the pair. Default false. */
  wordsAlone?: boolean;
}

/** Masked words and a question about the pair at once; the loss is the sum of both. */
export class PretrainingHead extends Head {
  readonly predictions: MaskedLMHead;
  readonly pair: Linear;
  readonly dropout: Dropout;
  readonly asked: PretrainingOptions['pair'];
  readonly wordsAlone: boolean;
  override readonly tiedPaths: readonly string[];

  constructor({ hidden, predictions, pair, labels = 2, dropout = 0, wordsAlone = false }: PretrainingOptions) {
    super();
    this.predictions = predictions;
    this.pair = new Linear(hidden, labels);
    this.dropout = new Dropout(dropout);
    this.asked = pair;
    this.wordsAlone = wordsAlone;
    this.tiedPaths = predictions.tiedPaths.map(path => `predictions.${path}`);
  }

  override get tied(): Embedding | undefined {
    return this.predictions.tied;
  }

  /** Word logits [batch, time, vocab] and the pair's [batch, labels]; the loss where both kinds of labels are given, or the words' suffice. */
  forward(output: BackboneOutput, inputs: ModelInputs): HeadOutput {
    const { logits: predictionLogits, loss: wordLoss } = this.predictions.forward(output, inputs);
    const pairLogits = this.pairLogits(output);
    const isOrder = this.asked === 'sentenceOrder';
    const pairLabels = isOrder ? inputs.sentenceOrderLabel : inputs.nextSentenceLabel;
    return {
      predictionLogits,
      ...(isOrder ? { sopLogits: pairLogits } : { seqRelationshipLogits: pairLogits }),
      loss:
        wordLoss && pairLabels
          ? wordLoss.add(tokenLoss(pairLogits, pairLabels))
          : this.wordsAlone
            ? wordLoss
            : undefined,
    };
  }

  /** @returns [batch, labels] */
  pairLogits({ poolerOutput }: BackboneOutput): Tensor {
    return this.pair.forward(this.dropout.forward(poolerOutput!)).to('float32');
  }
}
