/**
 * An objective says what a model learns from rows: how a row becomes an example, examples a batch, and a batch losses.
 * The trainer knows nothing of any objective, and an objective nothing of the trainer. One file each; `index.ts` lists
 * them.
 */
import type { Dataset, RowsOf } from '../data/rows/dataset.ts';
import type { RowKind, Rows } from '../data/rows/rows.ts';
import type { Crf } from '../models/crf.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import type { Model, Task } from '../models/model.ts';
import type { MultiTokenHeads } from '../models/multi-token-heads.ts';
import type { Random } from '../support/random.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Device, Tensor } from '../torch/index.ts';
import type { Exploration } from './exploration.ts';

/** Of each term a scalar: its mean over the predictions that count. */
export type Means = Record<string, Tensor>;
/** Of each term the number of predictions that its mean is taken over. */
export type Counts = Record<string, number>;

/**
 * Σ factor · sum of a term over Σ factor · sum of a term; 0 where nothing is below, as scikit-learn has it. Terms without a
 * weight that stand in one are not shown themselves.
 */
export interface Ratio {
  above: Readonly<Record<string, number>>;
  below: Readonly<Record<string, number>>;
}

export interface Objective<Kind extends RowKind = RowKind, Example = unknown, Batch = unknown> {
  readonly name: string;
  /** The kind of rows that it learns from. */
  readonly rows: Kind;
  /** The heads that it trains, any of them. */
  readonly tasks: readonly Task[];
  /** The weight of each term in the loss; a term without one is a metric. */
  readonly weights: Readonly<Record<string, number>>;
  /** Metrics that are no means, by name: made of sums over all predictions once these are known. */
  readonly ratios?: Readonly<Record<string, Ratio>>;
  /** Tokens of a window of a corpus that make a full example. For rows that are windows. */
  readonly window?: number;
  /** Tokens that a window has in common with the next one. Default 0. */
  readonly overlap?: number;
  /**
   * What is trained along, other models or heads beside the model's own: their parameters are the run's, too, and each is
   * saved below the model, by its name.
   */
  readonly companions?: Readonly<Record<string, Companion>>;
  /** JSON files of the model's folder that say how it is to be used, by their paths. */
  readonly files?: Readonly<Record<string, unknown>>;
  /**
   * Each row has that many examples, drawn once: the epoch that rows are read in and `random` follows from is the epoch
   * modulo `copies`. Default: a new one each epoch.
   */
  readonly copies?: number;
  /**
   * A row as tokens. All that is random (masks, spans, order, negatives) is drawn from `random`, which follows from the
   * seed, the epoch and the row's number: any example can be made again without those before it.
   *
   * @param progress how much of the training is done, from 0 to 1, for what changes on the way; left out in
   *   evaluations, which are as at its end
   */
  example(row: Rows[Kind], random: Random, progress?: number): Example;
  /**
   * All rows as examples, made once before the training: tokenised, cut, packed together. Bad rows are found then. Without
   * it, `example` makes an example of a row whenever the row is drawn.
   *
   * @throws UserError that names the first bad row
   */
  arrange?(rows: Dataset<Rows[Kind]>, options?: { skipBad?: boolean }): Arranged<Example>;
  /** What the model says of examples as it began, for objectives that compare with it; computed once and kept in a file. */
  readonly reference?: {
    /** float32 [examples, values] */
    of(model: Model, batch: Batch): Tensor;
    /** An example that knows them. */
    with(example: Example, values: readonly number[]): Example;
  };
  /** It learns from what the model itself writes: before a batch is made of examples they get answers, with rewards. */
  readonly explores?: Exploration<Example>;
  /** Metrics that the log of the training has, too. */
  readonly logged?: readonly string[];
  /** What it remembers of the training so far, such as a running mean: checkpoints hold it. */
  state?(): Record<string, number>;
  /** Goes on with what it remembered. */
  restore?(state: Readonly<Record<string, number>>): void;
  /** What a person should be told of an evaluation. */
  warning?(estimates: Readonly<Record<string, { value: number }>>): string | undefined;
  /** Tokens of an example: for batches by tokens. */
  lengthOf(example: Example): number;
  batch(examples: readonly Example[], device: Device): Batch;
  /**
   * The predictions of each term, known before the forward pass. The loss of a step is Σ weight · Σ loss / Σ count,
   * each sum over all micro-batches and processes, which is no mean of their means.
   */
  counts(batch: Batch): Counts;
  /**
   * Terms whose count is 0 may be left out or not be numbers, and metrics may be left out where gradients are recorded.
   * Gradients flow from those with a weight.
   */
  means(model: Model, batch: Batch): Means;
}

/** Examples by number. */
export interface Arranged<Example> extends Dataset<Example> {
  /** Rows that were left out. */
  readonly bad: number;
  /** What a person should know of them. */
  readonly notes: readonly string[];
}

/** What is trained beside a model. */
export type Companion = Model | MultiTokenHeads | Crf;

/** What every objective is made with. */
export interface ObjectiveContext {
  tokenizer: Tokenizer;
  /** Most tokens that the model reads at once. */
  context: number;
  /** The documents that rows come from, for objectives that compare a row with another one. */
  documents?: Pick<RowsOf<'document'>, 'length' | 'row'>;
  /** How images become what the model reads, for objectives over images. */
  imageProcessor?: ImageProcessor;
  /**
   * The model that is trained, for objectives that make another one beside it. Absent where examples alone are made, in threads
   * that have no model: they must not ask for it, and what they need of its config.json is `config`.
   */
  model?: Model;
  /** Default: that of `model`. */
  config?: Model['config'];
  /** Of the weights of such a model. Default 0. */
  seed?: number;
  /** How documents share a window of a corpus. Default `stream`. */
  packing?: Packing;
  /**
   * The end-of-text token of a document is what the next one begins with, as for GPT-2: its first token is predicted from that.
   * For corpora without a token of their own before documents. Default false.
   */
  endBegins?: boolean;
}

/** `documents`: those of a window do not see each other; `stream`: a window is one text. */
export type Packing = 'documents' | 'stream';

/** Any objective, for what does not look inside. */
// biome-ignore lint/suspicious/noExplicitAny: examples and batches are each objective's own
export type AnyObjective = Objective<any, any, any>;
