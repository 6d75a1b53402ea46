import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCorpus } from '../../src/data/corpus/corpus.ts';
import { perplexity } from '../../src/evaluate/perplexity.ts';
import { loadModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { checkpointSteps } from '../../src/runs/checkpoints.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { readRecipe, resolvedRecipe } from '../../src/runs/recipe.ts';
import { reportRun } from '../../src/runs/report-run.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { trainingContext } from '../../src/runs/run-parts.ts';
import { readSamples } from '../../src/runs/samples.ts';
import { readJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { errorOf, writeFiles } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = tinyCorpus(join(folder, 'corpus'));
const place = (name: string): string => join(folder, name);
const start = (name: string, changes: Record<string, unknown> = {}) =>
  startRun(tinyRecipe(corpus, changes), place(name));

describe('a run', async () => {
  const run = place('whole');
  const seen: string[] = [];
  const result = await startRun(tinyRecipe(corpus, { evaluation: { every: 5, windows: 8 } }), run, {
    hooks: {
      onStart: ({ startStep, steps, tokensPerStep }) => seen.push(`start ${startStep}/${steps} ${tokensPerStep}`),
      onStep: ({ step }) => seen.push(`step ${step}`),
      onEvaluate: step => seen.push(`evaluate ${step}`),
      onSample: ({ step, prompt }) => seen.push(`sample ${step} ${prompt}`),
    },
  });

  it('tells what it did', () => {
    expect(result).toMatchObject({ folder: run, step: 12, finished: true, tokens: 12 * 2 * 16 });
    expect(result.seconds).toBeGreaterThan(0);
    expect(seen[0]).toBe('start 0/12 32');
    expect(seen.filter(event => !event.startsWith('step') && !event.startsWith('start'))).toEqual([
      'evaluate 5',
      'sample 6 ba',
      'evaluate 10',
      'evaluate 12',
      'sample 12 ba',
    ]);
  });

  it('keeps the recipe as resolved, which reads back to the same', () => {
    expect(readRecipe(join(run, 'recipe.yaml'))).toEqual(tinyRecipe(corpus, { data: { packing: 'documents' } }));
  });

  it('logs training and evaluation by step', () => {
    const rows = readMetrics(join(run, 'metrics.jsonl'));
    const training = rows.filter(row => 'loss' in row);
    expect(training.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    for (const row of training) {
      expect(Object.keys(row)).toEqual(['step', 'loss', 'lr', 'gradNorm', 'tokensPerSecond', 'wait']);
      expect(row.lr).toBe(0.01);
    }
    expect(rows.filter(row => 'evalLoss' in row).map(({ step }) => step)).toEqual([5, 10, 12]);
  });

  it('writes samples and TensorBoard events', () => {
    const samples = readSamples(join(run, 'samples.jsonl'));
    expect(samples.map(({ step, prompt }) => [step, prompt])).toEqual([
      [6, 'ba'],
      [12, 'ba'],
    ]);
    const [events, ...others] = readdirSync(join(run, 'tensorboard'));
    expect(others).toEqual([]);
    const bytes = readFileSync(join(run, 'tensorboard', events), 'latin1');
    for (const tag of ['train/loss', 'train/lr', 'train/gradNorm', 'validation/loss', 'sample/ba']) {
      expect(bytes).toContain(tag);
    }
  });

  it('knows where it comes from', () => {
    const lineage = readJson(join(run, 'run.json')) as Record<string, Record<string, unknown>>;
    const { index } = openCorpus(corpus);
    expect(lineage).toMatchObject({
      name: 'tiny',
      parents: [],
      data: {
        corpus: resolve(corpus),
        index_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        tokenizer_sha256: index.tokenizer_sha256,
        tokens: index.splits.train.tokens,
      },
      parameters: result.parameters,
      environment: { node: process.version, precision: 'float32', threads: expect.any(Number) },
      progress: { step: 12, best: result.best },
    });
    expect(lineage.recipe).toEqual(tinyRecipe(corpus, { data: { packing: 'documents' } }));
    expect(Date.parse(String(lineage.created))).toBeGreaterThan(0);
  });

  it('leaves the best model as a folder that every command reads', () => {
    const model = join(run, 'model');
    expect(readdirSync(model).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'run.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(Tokenizer.fromFile(model).encode('ab').ids).toEqual([97, 98]);
    expect(readJson(join(model, 'generation_config.json'))).toEqual({ eos_token_id: 256 });
    expect(readJson(join(model, 'run.json'))).toMatchObject({ name: 'tiny', progress: { best: result.best } });
    const { model: network } = loadModel(model);
    const { loss } = perplexity(network, openCorpus(corpus).split('validation'), { stride: 16, limit: 16 });
    expect(loss).toBeLessThan(6);
  });

  it('has a report', () => {
    expect(readFileSync(reportRun(run), 'utf8')).toContain('tiny');
  });

  it('leaves nothing unfinished behind', () => {
    const names = readdirSync(run, { recursive: true }) as string[];
    expect(names.filter(name => name.includes('.tmp'))).toEqual([]);
  });

  it('does nothing when it is resumed at its end', async () => {
    const before = readFileSync(join(run, 'metrics.jsonl'), 'utf8');
    expect(await resumeRun(run)).toMatchObject({ step: 12, finished: true, best: result.best });
    expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8')).toBe(before);
  });
});

describe('lines of metrics.jsonl', () => {
  it('are means over the steps since the line before', async () => {
    await start('every-1');
    await start('every-5', { log: { every: 5 } });
    const rows = (name: string) => readMetrics(join(place(name), 'metrics.jsonl')).filter(row => 'loss' in row);
    const losses = rows('every-1').map(({ loss }) => loss);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(rows('every-5').map(({ step }) => step)).toEqual([5, 10, 12]);
    expect(rows('every-5').map(({ loss }) => loss)).toEqual([
      mean(losses.slice(0, 5)),
      mean(losses.slice(5, 10)),
      mean(losses.slice(10)),
    ]);
  });
});

describe('checkpoints', () => {
  it('stay by number, and the best one besides', async () => {
    // A learning rate that grows without end makes an early evaluation the best.
    const result = await start('keep', {
      train: { steps: 8 },
      optimizer: { lr: 100 },
      schedule: { name: 'constant_with_warmup', numWarmupSteps: 1000 },
      evaluation: { every: 1, windows: 4 },
      checkpoints: { every: 1, keep: 2 },
    });
    const rows = readMetrics(join(place('keep'), 'metrics.jsonl')).filter(row => 'evalLoss' in row);
    const best = rows.reduce((a, b) => (b.evalLoss < a.evalLoss ? b : a));
    expect(result.best).toEqual({ step: best.step, loss: best.evalLoss });
    expect(best.step).toBeLessThan(7);
    expect(checkpointSteps(place('keep'))).toEqual([best.step, 7, 8]);
    const weights = (...path: string[]) => readFileSync(join(place('keep'), ...path, 'model.safetensors'), 'base64');
    expect(weights('model')).toBe(weights('checkpoints', `step-${String(best.step).padStart(7, '0')}`));
  });

  it('come only at the end where the recipe says so', async () => {
    await start('at-end', { checkpoints: { every: 0 }, evaluation: { every: 0 }, samples: { every: 0 } });
    expect(checkpointSteps(place('at-end'))).toEqual([12]);
    expect(readSamples(join(place('at-end'), 'samples.jsonl')).map(({ step }) => step)).toEqual([12]);
  });
});

describe('a run that goes on from a model', async () => {
  await start('parent');
  const from = join(place('parent'), 'model');

  it('begins with its weights and names it as its parent', async () => {
    const losses: number[] = [];
    await startRun(tinyRecipe(corpus, { model: { from }, train: { steps: 2 } }), place('child'), {
      hooks: { onStep: ({ loss }) => losses.push(loss) },
    });
    const last = readMetrics(join(place('parent'), 'metrics.jsonl')).findLast(row => 'loss' in row)!;
    expect(Math.abs(losses[0] - last.loss)).toBeLessThan(1);
    expect(losses[0]).toBeLessThan(5);
    expect(readJson(join(place('child'), 'run.json'))).toMatchObject({
      parents: [resolve(from)],
      recipe: { model: { from } },
    });
    const config = (model: string) => readJson(join(model, 'config.json'));
    expect(config(join(place('child'), 'model'))).toEqual(config(from));
  });

  it('may name the folder of the run, and can be resumed', async () => {
    const recipe = tinyRecipe(corpus, { model: { from: place('parent') }, train: { steps: 2 } });
    await startRun(recipe, place('grandchild'));
    expect(readJson(join(place('grandchild'), 'run.json'))).toMatchObject({ parents: [resolve(from)] });
    const kept = readRecipe(join(place('grandchild'), 'recipe.yaml'));
    expect(resolvedRecipe(kept)).toEqual({
      ...resolvedRecipe(recipe),
      data: { ...recipe.data, packing: 'documents' },
      model: { from: place('parent'), context: 16 },
    });
    expect(await resumeRun(place('grandchild'))).toMatchObject({ step: 2, finished: true });
  });

  it('sees as much text at once as the recipe says, and its model as much as before', async () => {
    let perStep = 0;
    const hooks = { onStart: ({ tokensPerStep }: { tokensPerStep: number }) => (perStep = tokensPerStep) };
    const recipe = tinyRecipe(corpus, { model: { from, context: 8 }, train: { steps: 2 } });
    await startRun(recipe, place('short-context'), { hooks });
    expect(perStep).toBe(2 * 8);
    expect(readRecipe(join(place('short-context'), 'recipe.yaml')).model).toMatchObject({ from, context: 8 });
    expect(readJson(join(place('short-context'), 'model', 'config.json'))).toEqual(readJson(join(from, 'config.json')));
    await resumeRun(place('short-context'), { set: ['train.steps=3'], hooks });
    expect(perStep).toBe(2 * 8);
  });

  it('sees 1,024 tokens at once where nobody says how many, though the model could see more', () => {
    const maxPositions = 40_960;
    const model = { maxPositions } as Model;
    const recipe = (changes: object) => tinyRecipe(corpus, { model: { from, ...changes } });
    expect(trainingContext(recipe({}), model)).toBe(1024);
    expect(trainingContext(recipe({}), { maxPositions: 64 } as Model)).toBe(64);
    expect(trainingContext(recipe({ context: 2000 }), model)).toBe(2000);
    expect(() => trainingContext(recipe({ context: 40_961 }), model)).toThrow(/sees 40960 tokens/);
    expect(trainingContext(tinyRecipe(corpus), { maxPositions: 16 } as Model)).toBe(16);
  });

  it('keeps what its parent says of generation, and its chat template', async () => {
    const parent = place('with-generation');
    cpSync(from, parent, { recursive: true });
    const generation = { eos_token_id: [0, 5], temperature: 0.6, transformers_version: '5.0.0' };
    writeFileSync(join(parent, 'generation_config.json'), JSON.stringify(generation));
    writeFileSync(join(parent, 'chat_template.jinja'), '{{ messages[0].content }}');
    const recipe = tinyRecipe(corpus, { model: { from: parent }, train: { steps: 2 } });
    await startRun(recipe, place('continued'));
    await resumeRun(place('continued'), { set: ['train.steps=3'] });
    for (const model of ['model', join('checkpoints', 'step-0000002'), join('checkpoints', 'step-0000003')]) {
      expect(readJson(join(place('continued'), model, 'generation_config.json'))).toEqual(generation);
      expect(readFileSync(join(place('continued'), model, 'chat_template.jinja'), 'utf8')).toContain('messages');
    }
  });

  it('refuses a corpus of another tokenizer', async () => {
    const other = tinyCorpus(join(folder, 'other-tokenizer'));
    const path = join(other, 'tokenizer.json');
    const changed = readFileSync(path, 'utf8').replace('<|endoftext|>', '<|end|>');
    writeFileSync(path, changed);
    const { tokenizerHash } = await import('../../src/data/corpus/tokenizer-hash.ts');
    const index = readJson(join(other, 'corpus.json')) as Record<string, unknown>;
    writeFileSync(join(other, 'corpus.json'), JSON.stringify({ ...index, tokenizer_sha256: tokenizerHash(other) }));
    const error = await errorOf(() => startRun(tinyRecipe(other, { model: { from } }), place('wrong')));
    expect(error.code).toBe('TSLM_OTHER_TOKENIZER');
    expect(existsSync(place('wrong'))).toBe(false);
  });
});

describe('what is wrong with a run is found before its folder is made', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['heads that do not divide the width', { model: { heads: 3 } }, 'TSLM_BAD_SIZES', /hidden \(16\).*heads \(3\)/],
    ['an unknown family', { model: { family: 'gtp2' } }, 'TSLM_UNKNOWN_FAMILY', /gtp2/],
    ['a corpus that is not there', { data: { corpus: '/nowhere/at-all' } }, 'TSLM_NO_CORPUS', /\/nowhere\/at-all/],
    ['a context longer than the corpus', { model: { context: 1e6 } }, 'TSLM_CORPUS_TOO_SMALL', /one example needs/],
    [
      'a prompt longer than the context',
      { samples: { prompts: ['ok', 'x'.repeat(16)] } },
      'TSLM_BAD_PROMPT',
      /prompts\.1.*16/,
    ],
    ['a prompt of nothing', { samples: { prompts: [''] } }, 'TSLM_BAD_PROMPT', /prompts\.0/],
    ['an unknown device', { train: { device: 'gpu' } }, 'TSLM_BAD_DEVICE', /'gpu'/],
    ['a model that is not there', { model: { from: '/nowhere/at-all' } }, 'TSLM_NO_MODEL', /\/nowhere\/at-all/],
  ];

  it.each(cases)('%s', async (_, changes, code, message) => {
    const error = await errorOf(() => start('refused', changes));
    expect(error).toMatchObject({ name: 'UserError', code });
    expect(error.message).toMatch(message);
    expect(existsSync(place('refused'))).toBe(false);
  });

  it('an empty evaluation split', async () => {
    const empty = tinyCorpus(join(folder, 'no-validation'), { validation: [] });
    const error = await errorOf(() => startRun(tinyRecipe(empty), place('refused')));
    expect(error).toMatchObject({ code: 'TSLM_EMPTY_SPLIT' });
    expect(existsSync(place('refused'))).toBe(false);
  });

  it('a folder with something in it, which stays as it is', async () => {
    writeFiles(place('mine'), { 'notes.txt': 'mine' });
    const error = await errorOf(() => start('mine'));
    expect(error).toMatchObject({ code: 'TSLM_RUN_EXISTS', exitCode: 2 });
    expect(error.hint).not.toContain('resume');
    expect(readdirSync(place('mine'))).toEqual(['notes.txt']);
    expect((await errorOf(() => start('whole'))).hint).toContain(`tslm resume ${place('whole')}`);
  });

  it('but an empty folder will do, and one where a start was cut off at once', async () => {
    mkdirSync(place('empty'));
    await expect(start('empty', { train: { steps: 1 } })).resolves.toMatchObject({ step: 1 });
    writeFiles(place('cut'), { 'recipe.yaml.0123abcd.tmp': 'name: ti' });
    await expect(start('cut', { train: { steps: 1 } })).resolves.toMatchObject({ step: 1 });
  });
});

describe('the end of a run', () => {
  it('may come after a time, to which the schedule is stretched', async () => {
    const changes = {
      train: { steps: undefined, budget: '0.4s' },
      schedule: { name: 'linear' },
      evaluation: { every: 0 },
    };
    const result = await start('budget', changes);
    expect(result).toMatchObject({ finished: true });
    expect(result.step).toBeGreaterThan(0);
    const rates = readMetrics(join(place('budget'), 'metrics.jsonl')).flatMap(row => ('lr' in row ? [row.lr] : []));
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect(await resumeRun(place('budget'))).toMatchObject({ step: result.step, finished: true });
    const longer = await resumeRun(place('budget'), {
      set: ['train.budget=60s', 'evaluation.patience=1', 'evaluation.every=1', 'optimizer.lr=1e-9'],
    });
    expect(longer.step).toBeGreaterThan(result.step);
  });

  it('comes after evaluations without a better one, and the best model stays', async () => {
    const evaluation = { every: 1, windows: 4, patience: 3 };
    const result = await start('patience', { train: { steps: 400 }, optimizer: { lr: 0.5 }, evaluation });
    expect(result.finished).toBe(true);
    expect(result.step).toBeLessThan(400);
    expect(result.step - result.best!.step).toBe(3);
    expect(readJson(join(place('patience'), 'model', 'run.json'))).toMatchObject({
      progress: { step: result.best!.step },
    });
    expect(await resumeRun(place('patience'))).toMatchObject({ step: result.step, finished: true });
  });

  it('must be said', () => {
    const made = (train: object) => () => tinyRecipe(corpus, { train });
    expect(made({ steps: undefined })).toThrow("none of 'train.steps', 'train.epochs' and 'train.budget' is given");
    expect(made({ budget: '5 minutes' })).toThrow('a number with a unit: 90s, 30m, 2h');
  });
});
