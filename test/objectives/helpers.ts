/** Objectives on rows so few and models so small that a training takes a moment. */
import { expect } from 'vitest';
import type { RowKind, Rows } from '../../src/data/rows/rows.ts';
import { createFromConfig } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import type { AnyObjective, Objective } from '../../src/objectives/objective.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { backward, inferenceMode, memoryStats, scope, type Tensor } from '../../src/torch/index.ts';
import { createOptimizer, optimizerSchema } from '../../src/train/optimizers/optimizers.ts';

export const tokenizers = {
  wordPiece: (): Tokenizer => Tokenizer.fromFile('test/fixtures/tokenizers/wordpiece_bert'),
  byteLevel: (): Tokenizer => Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_roberta'),
  unigram: (): Tokenizer => Tokenizer.fromFile('test/fixtures/tokenizers/unigram_t5'),
};

const bertLike = {
  initializer_range: 0.1,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};
const bartLike = {
  init_std: 0.1,
  d_model: 16,
  encoder_layers: 1,
  decoder_layers: 1,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 32,
  decoder_ffn_dim: 32,
  max_position_embeddings: 64,
  dropout: 0,
};
const vit = {
  initializer_range: 0.1,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  image_size: 4,
  patch_size: 2,
};
const gpt2 = {
  initializer_range: 0.1,
  n_embd: 16,
  n_layer: 1,
  n_head: 2,
  n_positions: 32,
  resid_pdrop: 0,
  embd_pdrop: 0,
  attn_pdrop: 0,
};

const configs: Record<string, object> = {
  albert: { ...bertLike, embedding_size: 8, classifier_dropout_prob: 0 },
  bart: { ...bartLike, decoder_start_token_id: 2, pad_token_id: 1 },
  bert: bertLike,
  electra: { ...bertLike, embedding_size: 8 },
  gpt2,
  marian: { ...bartLike, decoder_start_token_id: 0, pad_token_id: 0 },
  roberta: { ...bertLike, type_vocab_size: 1, pad_token_id: 1 },
  t5: {
    d_model: 16,
    d_kv: 8,
    d_ff: 32,
    num_layers: 1,
    num_heads: 2,
    dropout_rate: 0,
    decoder_start_token_id: 0,
    pad_token_id: 0,
  },
  'vision-encoder-decoder': {
    encoder: { model_type: 'vit', ...vit },
    decoder: { model_type: 'gpt2', ...gpt2, vocab_size: 480, add_cross_attention: true, is_decoder: true },
    decoder_start_token_id: 0,
    pad_token_id: 1,
  },
  vit,
  xlnet: {
    initializer_range: 0.1,
    d_model: 16,
    n_layer: 1,
    n_head: 2,
    d_inner: 32,
    dropout: 0,
    summary_last_dropout: 0,
  },
};

/** A model of one layer, of the given class. */
export const tinyModel = (
  family: string,
  architecture: string,
  vocabSize: number | undefined,
  more: object = {},
): Model =>
  createFromConfig(
    {
      model_type: family,
      architectures: [architecture],
      ...(vocabSize !== undefined && { vocab_size: vocabSize }),
      ...configs[family],
      ...more,
    },
    { seed: 1 },
  );

type MadeOf<O> = O extends Objective<RowKind, infer Example, infer Batch> ? { example: Example; batch: Batch } : never;
export type BatchOf<O> = MadeOf<O>['batch'];

/** The batch of all rows, drawn from a seed. */
export function batchOf<Kind extends RowKind, Example, Batch>(
  objective: Objective<Kind, Example, Batch>,
  rows: readonly Rows[Kind][],
  seed = 1,
): Batch {
  const random = createRandom(seed);
  return objective.batch(
    rows.map(row => objective.example(row, random)),
    'cpu',
  );
}

const lossOf = (objective: AnyObjective, means: Record<string, Tensor>): Tensor =>
  Object.entries(objective.weights)
    .filter(([term]) => means[term])
    .map(([term, weight]) => means[term].mul(weight))
    .reduce((a, b) => a.add(b));

/** The loss of a batch, and its terms, without gradients. */
export const evaluate = (objective: AnyObjective, model: Model, batch: unknown): Record<string, number> =>
  scope(() =>
    inferenceMode(() => {
      const means = objective.means(model.eval(), batch);
      const values = Object.entries(means).map(([term, mean]) => [term, mean.item()] as const);
      return { loss: lossOf(objective, means).item(), ...Object.fromEntries(values) };
    }),
  );

/** Steps on batches of rows that are drawn anew. */
export function train<Kind extends RowKind>(
  objective: Objective<Kind>,
  model: Model,
  draw: () => Rows[Kind],
  { steps, lr, size = 16 }: { steps: number; lr: number; size?: number },
): void {
  const random = createRandom(5);
  const optimizer = createOptimizer([...model.namedParameters()], optimizerSchema.parse({ lr, weightDecay: 0 }));
  model.train();
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const examples = Array.from({ length: size }, () => objective.example(draw(), random));
      backward(lossOf(objective, objective.means(model, objective.batch(examples, 'cpu'))));
      optimizer.step(lr);
      model.zeroGrad();
    });
  }
}

/**
 * Trains on the same rows again and again, drawn anew each time, and expects the loss of the first draw to fall.
 * Nothing of a step is kept.
 *
 * @param factor the loss at the end, as a share of the first
 */
export function expectToLearn<Kind extends RowKind>(
  objective: Objective<Kind>,
  model: Model,
  rows: readonly Rows[Kind][],
  {
    steps = 40,
    lr = 0.02,
    factor = 0.5,
    draws = 1,
  }: { steps?: number; lr?: number; factor?: number; draws?: number } = {},
): void {
  const others = Object.values(objective.companions ?? {});
  const all = [model, ...others].flatMap((each, i) =>
    Array.from(each.namedParameters(), ([name, parameter]) => [`${i}.${name}`, parameter] as const),
  );
  const named = all.filter(([, parameter], i) => all.findIndex(([, other]) => other === parameter) === i);
  const optimizer = createOptimizer(named, optimizerSchema.parse({ lr, weightDecay: 0 }));
  const first = batchOf(objective, rows);
  const before = evaluate(objective, model, first).loss;
  let tensors = 0;
  for (let step = 0; step < steps; step++) {
    scope(() => {
      const batch = batchOf(objective, rows, 1 + (step % draws));
      model.train();
      backward(lossOf(objective, objective.means(model, batch)));
      optimizer.step(lr);
      for (const each of [model, ...others]) each.zeroGrad();
    });
    if (step === 1) ({ tensors } = memoryStats());
  }
  expect(memoryStats().tensors).toBe(tensors);
  const counts = Object.keys(objective.counts(first));
  const after = evaluate(objective, model, first);
  expect(counts.filter(term => !(term in after))).toEqual([]);
  expect(after.loss).toBeLessThan(factor * before);
}

/** A window of a corpus that is one document. */
export const window = (ids: ArrayLike<number>): Rows['tokens'] => ({ ids: Uint16Array.from(ids), starts: [0] });

export const TEXT =
  'The river rose in the night and the bridge was closed. Dogs and cats are animals; the cat sat on the mat.';
