/**
 * Every objective with every class that it can train: rows together give what they give alone, and gradients arrive.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createFromConfig, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import type { PromptExample } from '../../src/objectives/exploration.ts';
import { createObjective, objectiveOptions, objectivesTable, requireFit } from '../../src/objectives/index.ts';
import type { AnyObjective } from '../../src/objectives/objective.ts';
import { createRandom } from '../../src/support/random.ts';
import { parseOptions } from '../../src/support/schema.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { autocast, backward, type Device, type DType, scope, type Tensor } from '../../src/torch/index.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { isLong } from '../helpers/long.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';
import { evaluate, TEXT, tokenizers, window } from './helpers.ts';

const CONTEXT = 24;
const needsSentinels = ['span-corruption', 'ul2'];

const pairs = Object.entries(objectivesTable()).flatMap(([family, byObjective]) =>
  Object.entries(byObjective).flatMap(([name, classes]) =>
    classes!.map(architecture => ({ family, name, architecture })),
  ),
);

/** Of each objective its first class and every fourth of the others; with `TSLM_LONG=1` all. */
const tried = pairs.filter(
  ({ name }, i) => isLong || i % 4 === 0 || pairs.findIndex(other => other.name === name) === i,
);

/** Two rows of unequal length; a window of a corpus has at most `length` tokens. */
function rowsOf(kind: keyof Rows, encode: (text: string) => Uint32Array, length?: number): object[] {
  const document = (texts: string[], index: number) => ({ sentences: texts.map(encode), index });
  const image = (seed: number) => {
    const random = createRandom(seed);
    return { pixels: Uint8Array.from({ length: 3 * 144 }, () => random.below(256)), width: 12, height: 12 };
  };
  const rows: Partial<Record<keyof Rows, object[]>> = {
    tokens: [window(encode(TEXT).subarray(0, length)), window(encode('The river rose.'))],
    document: [document(['The river rose.', 'The bridge was closed.'], 0), document(['Dogs', 'and cats'], 1)],
    text: [{ text: 'The river rose in the night.' }, { text: 'Dogs and cats' }],
    translation: [
      { source: 'The river rose in the night.', target: 'Dogs' },
      { source: 'Dogs', target: 'The bridge was closed.' },
    ],
    instruction: [{ prompt: 'The river', completion: ' rose in the night.' }, { text: 'Dogs and cats' }],
    preference: [
      { prompt: 'The river', chosen: ' rose in the night.', rejected: ' sat' },
      { prompt: 'Dogs', chosen: ' sat', rejected: ' rose' },
    ],
    feedback: [
      { prompt: 'The river', completion: ' rose in the night.', label: true },
      { prompt: 'Dogs', completion: ' rose', label: false },
    ],
    prompt: [
      { prompt: 'The river', columns: { answer: 'rose' } },
      { prompt: 'Dogs', columns: { answer: 'sat' } },
    ],
    labelled: [
      { text: 'The river rose in the night.', pair: 'Dogs', label: 1 },
      { text: 'Dogs and cats', label: 'LABEL_0' },
    ],
    tagged: [
      { tokens: ['The', 'river', 'rose', 'in', 'the', 'night'], tags: [0, 1, 0, 0, 0, 1] },
      { tokens: ['Dogs', 'sat'], tags: ['LABEL_1', 0] },
    ],
    reading: [
      { question: 'What rose?', context: 'The river rose in the night.', answers: [{ text: 'river', start: 4 }] },
      { question: 'Who sat?', context: 'Dogs.', answers: [] },
    ],
    choice: [
      { question: 'What rose?', choices: ['the river', 'dogs and cats', 'a mat'], answer: 0 },
      { question: 'Who sat?', choices: ['night', 'the cat'], answer: 'B', context: 'The cat sat.' },
    ],
    image: [
      { ...image(1), text: 'The river rose', label: 0 },
      { ...image(2), text: 'Dogs', label: 1 },
    ],
  };
  return rows[kind]!;
}

/** As if the model had written them: of each group one is better than the other. */
function withAnswers(
  { explores }: AnyObjective,
  examples: readonly PromptExample[],
  encode: (text: string) => Uint32Array,
): PromptExample[] {
  const written = examples.map(({ ids }, e) =>
    Array.from({ length: explores!.options.numGenerations }, (_, i) => {
      const answer = encode(['rose', ' in the night.'][(e + i) % 2]);
      const known = Array.from(answer, (_, t) => -1 - t / 7 - i / 5);
      return {
        ids: Uint32Array.from([...ids, ...answer]),
        prompt: ids.length,
        text: '',
        isWhole: i % 2 === 0,
        rewards: [i / 3 + e],
        old: known,
        reference: known.map(value => value - 0.1),
      };
    }),
  );
  return explores!.judged(examples, written) as PromptExample[];
}

const scratch = scratchFolder();
/** A model and its tokenizer as a folder: it is its own teacher. */
function teacherFolder(model: Model, tokenizer: Tokenizer): string {
  const folder = join(scratch, model.family.modelType);
  mkdirSync(folder, { recursive: true });
  saveModel(folder, model);
  tokenizer.save(folder);
  return folder;
}

describe.each(tried)('$name: $architecture', ({ family, name, architecture }) => {
  const isUnigram = needsSentinels.includes(name) || ['t5', 'mt5'].includes(family);
  const isBert = ['albert', 'bert', 'electra', 'big_bird', 'distilbert'].includes(family);
  // A tokenizer that has what is needed: sentinels, segments, or masks.
  const tokenizer =
    isUnigram && name !== 'denoising' ? tokenizers.unigram() : isBert ? tokenizers.wordPiece() : tokenizers.byteLevel();
  const ids = { vocab_size: tokenizer.vocabSize, pad_token_id: tokenizer.padTokenId };
  const own = tinyConfigs[family] as Record<string, object>;
  const halves = Object.fromEntries(
    ['encoder', 'decoder']
      .filter(side => side in own)
      .map(side => [side, 'image_size' in own[side] ? own[side] : { ...own[side], ...ids }]),
  );
  // Sparse blocks see something else in a longer row.
  const full = family === 'big_bird' ? { attention_type: 'original_full' } : {};
  // Windows say nothing of what comes after.
  const wide = name === 'masked-next-token' && 'sliding_window' in own ? { sliding_window: null } : {};
  const config = { model_type: family, architectures: [architecture], ...own, ...halves, ...full, ...wide };
  // A reward is one number.
  if (name === 'reward') Object.assign(config, { num_labels: 1 });
  const isPair = Object.keys(halves).length > 0;
  const model = createFromConfig(isPair || family === 'vit' ? config : { ...config, ...ids }, { seed: 1 });
  const documents = { length: 2, row: (index: number) => rowsOf('document', encode)[index] as Rows['document'] };
  const encode = (text: string): Uint32Array => tokenizer.encodeIds(text);
  const isAlone = model.task === 'nextSentence';
  const taught = name === 'distillation' ? { teacher: teacherFolder(model, tokenizer) } : {};
  const explored = ['grpo', 'rloo'].includes(name) ? { beta: 0.1 } : name === 'star' ? { threshold: 0 } : undefined;
  const rewarded = explored ? { rewards: 'exact', maxNewTokens: 8, ...explored } : {};
  const options = {
    name,
    ...taught,
    ...rewarded,
    ...(name === 'ul2' && { modeTokens: false }),
    ...(isAlone && { probability: 0 }),
  };
  const objective = createObjective(parseOptions(objectiveOptions, options, 'test'), {
    tokenizer,
    context: CONTEXT,
    documents,
    model,
  });
  const random = createRandom(1);
  const rowExamples = rowsOf(objective.rows, encode, objective.window).map(row =>
    objective.example(row as never, random),
  );
  const examples = objective.explores ? withAnswers(objective, rowExamples, encode) : rowExamples;

  it('gives together what its rows give alone', () => {
    requireFit(model, objective, 'test');
    const together = objective.batch(examples, 'cpu');
    const counts = objective.counts(together);
    const alone = examples.map(example => objective.batch([example], 'cpu'));
    const whole = evaluate(objective, model, together);
    for (const mean of Object.values(whole)) expect(mean).not.toBeNaN();
    // Partners are found among the rows of a batch.
    if (name === 'contrastive') return;
    for (const [term, count] of Object.entries(counts)) {
      if (count === 0) continue;
      const sums = alone.map(batch => {
        const own = objective.counts(batch)[term];
        return own === 0 ? [0, 0] : [own * evaluate(objective, model, batch)[term], own];
      });
      expect(sums.reduce((total, [, own]) => total + own, 0)).toBeCloseTo(count, 9);
      const mean = sums.reduce((total, [sum]) => total + sum, 0) / count;
      expect(Math.abs(whole[term] - mean), term).toBeLessThan(2e-5 * (1 + Math.abs(mean)));
    }
  });

  it('has gradients that are numbers', () => {
    scope(() => {
      const means = objective.means(model.train(), objective.batch(examples, 'cpu'));
      const terms = Object.entries(objective.weights).filter(([term]) => means[term]);
      expect(terms.length).toBeGreaterThan(0);
      backward(terms.map(([term, weight]) => means[term].mul(weight)).reduce((a, b) => a.add(b)));
      const gradients = model.parameters().flatMap(({ grad }) => grad ?? []);
      expect(gradients.length).toBeGreaterThan(model.parameters().length / 2);
      for (const gradient of gradients) expect(gradient.isfinite().all().item()).toBe(1);
      model.zeroGrad();
    });
  });

  it.runIf(cudaDevice.length > 0)('has the means and the gradients of the CPU on a GPU', () => {
    const [device] = cudaDevice;
    const passOn = (on: Device, dtype: DType = 'float32'): Map<string, Tensor> => {
      model.to({ device: on }).eval();
      for (const companion of Object.values(objective.companions ?? {})) companion.to({ device: on });
      const means = autocast(dtype, () => objective.means(model, objective.batch(examples, on)));
      const terms = Object.entries(objective.weights).filter(([term]) => means[term]);
      backward(terms.map(([term, weight]) => means[term].mul(weight)).reduce((a, b) => a.add(b)));
      const found: [string, Tensor][] = Object.entries(means).map(([term, mean]) => [term, mean.detach()]);
      for (const [path, { grad }] of model.namedParameters()) if (grad) found.push([path, grad]);
      model.zeroGrad();
      return new Map(found.map(([path, tensor]) => [path, tensor.to({ device: 'cpu', dtype: 'float32' })]));
    };
    scope(() => {
      const expected = passOn('cpu');
      const actual = passOn(device);
      for (const tensor of passOn(device, 'bfloat16').values()) expect(tensor.isfinite().all().item()).toBe(1);
      passOn('cpu'); // back again
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [path, tensor] of actual) {
        expectClose(tensor, expected.get(path)!, { atol: 1e-4, rtol: 1e-3, name: path });
      }
    });
  });
});
