/** Every objective as a run: it trains, stops, goes on to the same bits, and leaves a model that opens. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/auto.ts';
import { objectiveNames } from '../../src/objectives/index.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { readSamples } from '../../src/runs/samples.ts';
import { readJson } from '../../src/support/files.ts';
import { randomText, writeFiles } from '../data/helpers.ts';
import { dataUrlOf, pngOf, randomImage } from '../helpers/images.ts';
import { isLong } from '../helpers/long.ts';
import {
  dataOf,
  FAMILIES,
  objectiveRecipe,
  objectiveRuns,
  prepareObjectiveRuns,
  ROWS,
} from '../helpers/objective-runs.ts';
import { tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = join(folder, 'corpus');
const place = (name: string): string => join(folder, name);
const steps = isLong ? 8 : 5;
const rowsOf = (name: string) => dataOf(folder, name)!;

beforeAll(() => prepareObjectiveRuns(folder));

it('none is forgotten here', () => {
  expect([...Object.keys(FAMILIES), ...Object.keys(ROWS)].sort()).toEqual([...objectiveNames].sort());
});

/** One of each kind; the losses of all are in `loss-curves.test.ts`. */
const KINDS = ['captions', 'contrastive', 'dpo', 'grpo', 'masked', 'replaced-tokens', 'seq2seq'];
const stopped = isLong ? objectiveRuns : objectiveRuns.filter(({ name }) => KINDS.includes(name));

describe.each(stopped)('$name with $family', ({ name, family }) => {
  const recipe = (workers: number) =>
    tinyRecipe(corpus, {
      ...objectiveRecipe(folder, { name, family }, workers),
      train: { steps, batchSize: 4, gradientAccumulation: 2 },
      evaluation: { every: 3, windows: 6 },
      checkpoints: { every: 0, keep: 1 },
      samples: { prompts: [] },
    });

  it('goes on to the same bits where it was stopped, its rows encoded by others, and its model opens', async () => {
    const isEncodedByOthers = recipe(1).data.workers === 1;
    const [whole, parts] = [place(`${name}-${family}-whole`), place(`${name}-${family}-parts`)];
    const { best } = await startRun(recipe(0), whole);
    for (const [i, stop] of (isLong ? [2, 5, 99] : [3, 99]).entries()) {
      const controller = new AbortController();
      const hooks = { onStep: ({ step }: { step: number }) => step === stop && controller.abort() };
      const options = { signal: controller.signal, hooks };
      const result =
        i === 0
          ? await startRun(recipe(1), parts, options)
          : await resumeRun(parts, { ...options, set: isEncodedByOthers ? ['data.workers=0'] : [] });
      expect(result.step).toBe(Math.min(stop, steps));
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
    // Of answers that rewards judge it is the mean reward, negative.
    if (['grpo', 'rloo', 'star'].includes(name)) expect(best!.loss).toBeLessThan(0);
    else expect(best!.loss).toBeGreaterThan(0);
    if (name !== 'replaced-tokens') return;
    expect(readdirSync(join(whole, 'model', 'generator'))).toContain('model.safetensors');
    expect(loadModel(join(whole, 'model', 'generator')).missing).toEqual([]);
  });
});

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
      data: { ...rowsOf(name), ...changes.data },
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

describe('pseudo-perplexity', () => {
  it.each([
    ['masked', 'bert'],
    ['masked-next-token', 'gpt2'],
    ['sentence-order', 'albert'],
  ])('is measured beside the loss of %s where it is asked for', async (name, family) => {
    const recipe = tinyRecipe(corpus, {
      objective: { name },
      model: { family, layers: 1, hidden: 16, heads: 2, context: 16 },
      train: { steps: 4, batchSize: 4 },
      evaluation: { every: 2, windows: 6, pseudoPerplexity: 2 },
      samples: { prompts: [] },
    });
    await startRun(recipe, place(`pseudo-${name}`));
    const rows = readMetrics(join(place(`pseudo-${name}`), 'metrics.jsonl')).filter(row => 'evalLoss' in row);
    expect(rows.length).toBe(2);
    for (const { evalPseudoPerplexity } of rows) {
      expect(evalPseudoPerplexity).toBeGreaterThan(1);
      expect(evalPseudoPerplexity).toBeLessThan(2000);
    }
  });

  it('is for models that find hidden tokens', () => {
    expect(() => tinyRecipe(corpus, { evaluation: { pseudoPerplexity: 2 } })).toThrow(
      "'evaluation.pseudoPerplexity' is for models that find hidden tokens, and the objective is 'causal'",
    );
  });
});

describe('rows in files', () => {
  it('make batches by tokens', async () => {
    const model = { family: 't5', layers: 1, hidden: 16, heads: 2, context: 24 };
    const tokens: number[] = [];
    const recipe = tinyRecipe(corpus, {
      objective: { name: 'seq2seq' },
      data: rowsOf('seq2seq'),
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
    const data = { ...rowsOf('seq2seq'), tokenizer: undefined };
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
