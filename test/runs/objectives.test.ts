/** Every objective as a run: it trains, stops, goes on to the same bits, and leaves a model that opens. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../../src/data/prepare/prepare.ts';
import { loadModel } from '../../src/models/auto.ts';
import { objectiveNames } from '../../src/objectives/index.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readSamples } from '../../src/runs/samples.ts';
import { readJson } from '../../src/support/files.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { randomText, writeFiles } from '../data/helpers.ts';
import { dataUrlOf, pngOf, randomImage } from '../helpers/images.ts';
import { tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = join(folder, 'corpus');
const place = (name: string): string => join(folder, name);

/** Those whose examples are all made before the training, or of pictures that are in memory. */
const WITHOUT_WORKERS = [
  'captions',
  'image-classification',
  'instruction',
  'dpo',
  'kto',
  'orpo',
  'cpo',
  'reward',
  'bco',
  'distillation',
];

/** A family for each objective that learns from a corpus. */
const FAMILIES: Record<string, readonly string[]> = {
  causal: ['gpt2'],
  denoising: ['bart'],
  masked: ['bert', 'albert'],
  'masked-next-token': ['gpt2', 'llama'],
  'multi-token': ['gpt2', 'llama'],
  'next-sentence': ['bert'],
  permutation: ['xlnet'],
  'prefix-lm': ['t5'],
  'replaced-tokens': ['electra'],
  'sentence-order': ['albert'],
  'span-corruption': ['t5'],
  ul2: ['t5'],
};
/** Those whose rows are in files of their own. */
const PAIR = (i: number) => ({
  prompt: randomText(3, i),
  chosen: ` ${randomText(3, i + 100)}`,
  rejected: ` ${randomText(2, i + 200)}`,
});
const ROWS: Record<string, { family: string; objective?: object; model?: object; row(i: number): object }> = {
  captions: {
    family: 'vision-encoder-decoder',
    objective: { cropPadding: 1, flipProbability: 0.5 },
    model: { config: { encoder: { image_size: 12, patch_size: 4 } } },
    row: i => ({ image: dataUrlOf(randomImage(14, 10, i)), text: randomText(3, i) }),
  },
  'image-classification': {
    family: 'vit',
    objective: { cropPadding: 2, flipProbability: 0.5 },
    model: { config: { image_size: 12, patch_size: 4 }, labels: ['cat', 'dog'] },
    row: i => ({ image: dataUrlOf(randomImage(14, 10, i)), label: ['cat', 'dog'][i % 2] }),
  },
  cpo: { family: 'gpt2', row: PAIR },
  // Its teacher is the model of the first case.
  distillation: {
    family: 'gpt2',
    objective: { teacher: place('causal-gpt2-whole') },
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(3, i + 50)}` }),
  },
  dpo: { family: 'gpt2', objective: { loss: { sigmoid: 1, sft: 0.5 } }, row: PAIR },
  instruction: {
    family: 'gpt2',
    objective: { packing: 'bfd', neftune: 5 },
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(1 + (i % 4), i + 50)}` }),
  },
  kto: {
    family: 'gpt2',
    objective: { loss: 'bco' },
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(3, i + 100)}`, label: i % 3 > 0 }),
  },
  orpo: { family: 'gpt2', row: PAIR },
  reward: { family: 'gpt2', model: { labels: ['reward'] }, row: PAIR },
  contrastive: { family: 'bert', row: i => ({ text: randomText(4, i) }) },
  'question-answering': {
    family: 'bert',
    row: i => ({
      question: 'q',
      context: randomText(5, i),
      answers: { text: [randomText(5, i).slice(3, 9)], answer_start: [3] },
    }),
  },
  seq2seq: { family: 't5', row: i => ({ en: randomText(5, i), de: randomText(4, i) }) },
  'sequence-classification': { family: 'bert', row: i => ({ text: randomText(5, i), label: i % 2 }) },
  'token-classification': {
    family: 'bert',
    row: i => ({
      tokens: randomText(5, i).split(/\s+/),
      tags: randomText(5, i)
        .split(/\s+/)
        .map((_, w) => `LABEL_${(i + w) % 2}`),
    }),
  },
};
const OF_FILES = Object.keys(ROWS);

beforeAll(async () => {
  const texts = Array.from({ length: 80 }, (_, i) => randomText(60, i));
  writeFiles(folder, Object.fromEntries(texts.map((text, i) => [`texts/${i}.txt`, text])));
  const tokenizer = await trainTokenizer(texts, {
    vocabSize: 420,
    specialTokens: ['[PAD]', '[CLS]', '[SEP]', '[MASK]', '<s>', '</s>', '[R]', '[S]', '[X]'],
    sentinels: 20,
  });
  tokenizer.save(place('tokenizer'));
  const options = { tokenizer: place('tokenizer'), out: corpus, validation: 0.2, clean: false, dedup: false };
  await prepare([place('texts')], { ...options, document: 'file' });
});

it('none is forgotten here', () => {
  expect([...Object.keys(FAMILIES), ...OF_FILES].sort()).toEqual([...objectiveNames].sort());
});

const cases = Object.entries(FAMILIES).flatMap(([name, families]) => families.map(family => ({ name, family })));

const ofRows = Object.entries(ROWS).map(([name, { family }]) => ({ name, family }));

describe.each([...cases, ...ofRows])('$name with $family', ({ name, family }) => {
  const recipe = (workers: number) =>
    tinyRecipe(corpus, {
      objective: { name, ...ROWS[name]?.objective },
      data: { ...(name in ROWS && dataOf(name)), ...(!WITHOUT_WORKERS.includes(name) && { workers }) },
      model: { family, layers: 1, hidden: 16, heads: 2, context: 24, dropout: 0.1, ...ROWS[name]?.model },
      train: { steps: 8, batchSize: 4, gradientAccumulation: 2 },
      evaluation: { every: 3, windows: 6 },
      checkpoints: { every: 0, keep: 1 },
      samples: { prompts: [] },
    });

  it('goes on to the same bits where it was stopped, its rows encoded by others, and its model opens', async () => {
    const [whole, parts] = [place(`${name}-${family}-whole`), place(`${name}-${family}-parts`)];
    const { best } = await startRun(recipe(0), whole);
    for (const [i, stop] of [2, 5, 99].entries()) {
      const controller = new AbortController();
      const hooks = { onStep: ({ step }: { step: number }) => step === stop && controller.abort() };
      const options = { signal: controller.signal, hooks };
      const result =
        i === 0
          ? await startRun(recipe(1), parts, options)
          : await resumeRun(parts, { ...options, set: ['data.workers=0'] });
      expect(result.step).toBe(Math.min(stop, 8));
    }
    const rows = (run: string) =>
      readMetrics(join(run, 'metrics.jsonl')).map(({ tokensPerSecond, wait, ...row }) => row);
    expect(rows(parts)).toEqual(rows(whole));
    const values = rows(whole).flatMap(row => Object.values(row));
    expect(values.every(value => Number.isFinite(value))).toBe(true);

    const { model, missing, unexpected } = loadModel(join(whole, 'model'));
    expect([missing, unexpected]).toEqual([[], []]);
    const other = loadModel(join(parts, 'model')).model;
    expect(other.parameters().map(one => one.toNumbers())).toEqual(model.parameters().map(one => one.toNumbers()));
    expect(best!.loss).toBeGreaterThan(0);
    if (name !== 'replaced-tokens') return;
    expect(readdirSync(join(whole, 'model', 'generator'))).toContain('model.safetensors');
    expect(loadModel(join(whole, 'model', 'generator')).missing).toEqual([]);
  });
});

/** Forty rows in a file, with a tokenizer. */
function dataOf(name: string): Record<string, unknown> {
  const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify(ROWS[name].row(i))).join('\n');
  writeFiles(folder, { [`${name}.jsonl`]: lines });
  const columns = name === 'seq2seq' ? { source: 'en', target: 'de' } : undefined;
  const tokenizer = name === 'image-classification' ? undefined : place('tokenizer');
  return { corpus: undefined, train: place(`${name}.jsonl`), validation: 0.2, columns, tokenizer };
}

describe('another head', () => {
  it('is put on the model of a folder, and learnt with the rest', async () => {
    const base = { objective: { name: 'masked' }, samples: { prompts: [] }, train: { steps: 2 } };
    const model = { family: 'bert', layers: 1, hidden: 16, heads: 2, context: 24 };
    await startRun(tinyRecipe(corpus, { ...base, model }), place('words'));
    const from = place('words');
    const pairs = {
      ...base,
      objective: { name: 'next-sentence' },
      model: { from, architecture: 'BertForPreTraining' },
    };
    await startRun(tinyRecipe(corpus, pairs), place('pairs'));
    const { model: trained, missing } = loadModel(join(place('pairs'), 'model'));
    expect([trained.task, missing]).toEqual(['pretraining', []]);
    expect(await resumeRun(place('pairs'), { set: ['train.steps=3'] })).toMatchObject({ step: 3, finished: true });
    const wrong = { ...pairs, model: { from, architecture: 'BertForEverything' } };
    await expect(startRun(tinyRecipe(corpus, wrong), place('wrong'))).rejects.toMatchObject({
      message: "'model.architecture': bert has no class 'BertForEverything'",
    });
  });
});

describe('a classifier', () => {
  const labels = ['water', 'animals', 'weather'];
  const recipeOf = (more: object) => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      JSON.stringify({ text: randomText(5, i), label: labels[i % 3] }),
    );
    writeFiles(folder, { 'classes.jsonl': lines.join('\n') });
    return tinyRecipe(corpus, {
      objective: { name: 'sequence-classification' },
      data: { corpus: undefined, train: place('classes.jsonl'), validation: 0.2, tokenizer: place('tokenizer') },
      samples: { prompts: [] },
      train: { steps: 2 },
      ...more,
    });
  };
  const model = { family: 'bert', layers: 2, hidden: 16, heads: 2, context: 24 };

  it('of named labels is put on a model, whose encoder stays as it is', async () => {
    const words = recipeOf({ objective: { name: 'contrastive' }, model });
    writeFiles(folder, {
      'plain.jsonl': Array.from({ length: 40 }, (_, i) => `{"text":"${randomText(3, i)}"}`).join('\n'),
    });
    await startRun({ ...words, data: { ...words.data, train: [place('plain.jsonl')] } }, place('vectors'));
    const from = place('vectors');
    const put = { from, architecture: 'BertForSequenceClassification', labels };
    const train = { steps: 3, freeze: ['bert.embeddings', 'bert.encoder'] };
    await startRun(recipeOf({ model: put, train }), place('classes'));
    const { model: trained, missing } = loadModel(join(place('classes'), 'model'));
    expect([missing, trained.config.id2label]).toEqual([[], { 0: 'water', 1: 'animals', 2: 'weather' }]);
    const before = new Map(loadModel(join(from, 'model')).model.namedParameters());
    for (const [name, parameter] of trained.namedParameters()) {
      const same = Array.from(before.get(name)?.toNumbers() ?? []).join() === Array.from(parameter.toNumbers()).join();
      expect([name, same]).toEqual([name, /embeddings|layers/.test(name)]);
    }
    expect(await resumeRun(place('classes'), { set: ['train.steps=4'] })).toMatchObject({ step: 4 });
  });

  it('that is new has the labels it is given', async () => {
    await startRun(recipeOf({ model: { ...model, labels } }), place('new-classes'));
    expect(loadModel(join(place('new-classes'), 'model')).model.config.label2id).toEqual({
      water: 0,
      animals: 1,
      weather: 2,
    });
    expect(() => recipeOf({ model: { from: 'x', labels } })).toThrow(/'model.labels' are those of a new head/);
    await expect(startRun(recipeOf({ model }), place('two-classes'))).rejects.toMatchObject({ code: 'TSLM_NO_LABEL' });
  });
});

describe('rows of images', () => {
  const recipeOf = (name: string, changes: Record<string, Record<string, unknown>> = {}) => {
    const { family, model } = ROWS[name];
    return tinyRecipe(corpus, {
      objective: { name, ...changes.objective },
      data: { ...dataOf(name), ...changes.data },
      model: { family, layers: 1, hidden: 16, heads: 2, context: 24, ...model, ...changes.model },
      train: { steps: 2 },
      samples: { prompts: [], ...changes.samples },
    });
  };

  it('leave an image processor with the model, which goes on with it', async () => {
    const objective = { mean: [0.1, 0.2, 0.3] };
    await startRun(recipeOf('image-classification', { objective }), place('seen'));
    const folder = join(place('seen'), 'model');
    expect(readdirSync(folder).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
      'run.json',
    ]);
    const written = readJson(join(folder, 'preprocessor_config.json'));
    expect(written).toMatchObject({ image_mean: [0.1, 0.2, 0.3], size: { height: 12, width: 12 } });
    writeFiles(folder, { 'preprocessor_config.json': JSON.stringify({ ...(written as object), resample: 3 }) });
    const more = recipeOf('image-classification');
    const { data, objective: plain } = more;
    const from = tinyRecipe(corpus, {
      objective: plain,
      data,
      model: { from: place('seen') },
      samples: { prompts: [] },
    });
    await startRun(from, place('seen-more'));
    const kept = readJson(join(place('seen-more'), 'model', 'preprocessor_config.json'));
    expect(kept).toEqual({ ...(written as object), resample: 3 });
  });

  it('are described on the way', async () => {
    writeFiles(folder, { 'sample.png': pngOf(randomImage(9, 9, 1)) });
    const prompts = [place('sample.png'), '3'];
    await startRun(recipeOf('captions', { samples: { prompts, every: 0, maxNewTokens: 3 } }), place('described'));
    expect(readSamples(join(place('described'), 'samples.jsonl')).map(({ prompt }) => prompt)).toEqual(prompts);
    // Transformers looks nowhere else for what a caption begins with.
    const { decoder_start_token_id: start } = loadModel(join(place('described'), 'model')).model.config;
    expect(start).toBeTypeOf('number');
    expect(readJson(join(place('described'), 'model', 'generation_config.json'))).toMatchObject({
      decoder_start_token_id: start,
    });
    const wrong = recipeOf('captions', { samples: { prompts: ['99'] } });
    await expect(startRun(wrong, place('nothing'))).rejects.toThrow(
      "'samples.prompts.0': there is no row 99 among the 8",
    );
    const missing = recipeOf('captions', { samples: { prompts: ['nowhere.png'] } });
    await expect(startRun(missing, place('nothing'))).rejects.toThrow('nowhere.png: no such file or folder');
  });

  it('are refused with file and row, or left out', async () => {
    const lines = ['cat', 'bird'].flatMap(label =>
      Array(10).fill(JSON.stringify({ image: dataUrlOf(randomImage(9, 9, 2)), label })),
    );
    writeFiles(folder, { 'birds.jsonl': lines.join('\n') });
    const data = { train: place('birds.jsonl') };
    await expect(startRun(recipeOf('image-classification', { data }), place('birds'))).rejects.toMatchObject({
      code: 'TSLM_NO_LABEL',
      message: `${place('birds.jsonl')}: row 11: a row has the label 'bird', and the model none of that name or number`,
    });
    await startRun(recipeOf('image-classification', { data: { ...data, skipBad: true } }), place('birds'));
    expect(readJson(join(place('birds'), 'run.json'))).toMatchObject({ data: { training_rows: 8, bad_rows: 10 } });
    const told = recipeOf('image-classification', { data: { tokenizer: place('tokenizer') } });
    await expect(startRun(told, place('told'))).rejects.toThrow(/labels of images need no tokenizer/);
  });
});

describe('rows in files', () => {
  it('make batches by tokens', async () => {
    const model = { family: 't5', layers: 1, hidden: 16, heads: 2, context: 24 };
    const tokens: number[] = [];
    const recipe = tinyRecipe(corpus, {
      objective: { name: 'seq2seq' },
      data: dataOf('seq2seq'),
      model,
      train: { steps: 6, batchTokens: 80 },
      samples: { prompts: [] },
    });
    await startRun(recipe, place('by-tokens'), { hooks: { onStep: step => tokens.push(step.tokens) } });
    expect(Math.max(...tokens)).toBeLessThanOrEqual(80);
    expect(Math.max(...tokens)).toBeGreaterThan(30);
    expect(readJson(join(place('by-tokens'), 'run.json'))).toMatchObject({
      data: { kind: 'translation', training_rows: 32, held_out_rows: 8, bad_rows: 0 },
    });
    writeFiles(folder, { 'seq2seq.jsonl': JSON.stringify({ en: 'other', de: 'rows' }).concat('\n').repeat(40) });
    await expect(resumeRun(place('by-tokens'))).rejects.toMatchObject({ code: 'TSLM_ROWS_CHANGED' });
  });

  it('need a tokenizer, and are not there beside a corpus', async () => {
    const data = { ...dataOf('seq2seq'), tokenizer: undefined };
    const model = { family: 't5', layers: 1, hidden: 16, heads: 2 };
    const bare = tinyRecipe(corpus, { objective: { name: 'seq2seq' }, data, model });
    await expect(startRun(bare, place('bare'))).rejects.toThrow('rows in files need a tokenizer');
    expect(() => tinyRecipe(corpus, { data: { train: 'x.jsonl' } })).toThrow(
      "'data.corpus' and 'data.train' are both given",
    );
  });
});

describe('an objective that does not fit', () => {
  const start = (changes: Record<string, unknown>) => startRun(tinyRecipe(corpus, changes), place('unfit'));

  it('is refused with what would', async () => {
    const model = { family: 'gpt2', layers: 1, hidden: 16, heads: 2 };
    await expect(start({ objective: { name: 'masked' }, model })).rejects.toMatchObject({
      code: 'TSLM_UNFIT_OBJECTIVE',
      hint: expect.stringContaining('bert'),
    });
    const bert = { ...model, family: 'bert', architecture: 'BertForSequenceClassification' };
    await expect(start({ objective: { name: 'masked' }, model: bert })).rejects.toMatchObject({
      hint: expect.stringContaining('BertForMaskedLM'),
    });
    expect(() => tinyRecipe(corpus, { objective: { name: 'masked', rate: 0.3 } })).toThrow('objective.rate');
    expect(() => tinyRecipe(corpus, { objective: { name: 'mask' } })).toThrow("'objective.name': 'mask' is");
  });

  it('nor has a corpus rows for all', async () => {
    const model = { family: 't5', layers: 1, hidden: 16, heads: 2 };
    await expect(start({ objective: { name: 'seq2seq' }, model })).rejects.toMatchObject({ code: 'TSLM_ROWS' });
  });
});
