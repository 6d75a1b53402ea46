/** Fine-tuning from rows alone, for each kind of rows. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createModel, loadModel, saveModel } from '../../../src/models/auto.ts';
import { namedAdapter } from '../../../src/runs/finetune/adapters.ts';
import { finetune, planFinetune, recipeText } from '../../../src/runs/finetune/finetune.ts';
import { finetuningOf, finishFinetune } from '../../../src/runs/finetune/finish.ts';
import { measureSteps } from '../../../src/runs/finetune/measure.ts';
import { parseRecipe } from '../../../src/runs/recipe.ts';
import { resumeRun } from '../../../src/runs/run.ts';
import { openSource } from '../../../src/runs/run-source.ts';
import { trainTokenizer } from '../../../src/tokenizers/training/train.ts';
import { randomText, writeFiles } from '../../data/helpers.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const sizes = { layers: 1, hidden: 32, heads: 2, context: 48, vocabSize: 300 };

beforeAll(async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `${randomText(20, i)} good bad`);
  const specialTokens = ['[PAD]', '[CLS]', '[SEP]', '[MASK]', '</s>'];
  const tokenizer = await trainTokenizer(texts, { kind: 'wordpiece', vocabSize: 300, specialTokens });
  for (const family of ['bert', 'bart', 'gpt2']) {
    const model = createModel(family, sizes, { seed: 1, eosTokenId: 4 });
    saveModel(place(family), model);
    tokenizer.save(place(family));
    model.dispose();
  }
});

const rowsFile = (name: string, row: (i: number) => object, count = 60): string => {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify(row(i))).join('\n');
  writeFiles(folder, { [`${name}.jsonl`]: lines });
  return place(`${name}.jsonl`);
};

const words = (i: number): string[] => randomText(6, i).split(/\s+/);
const isGood = (i: number): boolean => i % 3 !== 0;
const review = (i: number): string =>
  [...words(i).slice(0, 3), isGood(i) ? 'good' : 'bad', ...words(i).slice(3)].join(' ');

describe('planFinetune', () => {
  it('drops what it is told to, under the names of the family, and the model keeps them', async () => {
    const data = rowsFile('dropped', i => ({ text: review(i), label: isGood(i) ? 'yes' : 'no' }));
    const out = place('run-dropout');
    const plan = await planFinetune(place('bert'), [data], { out, epochs: 1, dropout: 0.3 });
    const dropped = { hidden_dropout_prob: 0.3, attention_probs_dropout_prob: 0.3 };
    expect(plan.recipe.model.config).toEqual(dropped);
    await finetune(plan);
    expect(JSON.parse(readFileSync(join(out, 'model', 'config.json'), 'utf8'))).toMatchObject(dropped);
    await expect(planFinetune(place('bert'), [data], { out: place('no'), dropout: 1 })).rejects.toThrow('--dropout 1');
    const adapter = namedAdapter('lora', {});
    await expect(planFinetune(place('bert'), [data], { out: place('no'), dropout: 0.1, adapter })).rejects.toThrow(
      "'adapter' leaves the model below as it is",
    );
  });

  it('says what it understood, and writes a recipe that stands alone', async () => {
    const data = rowsFile('reviews', i => ({ review: review(i), sentiment: isGood(i) ? 'yes' : 'no' }));
    const plan = await planFinetune(place('bert'), [data], { out: place('run-plan'), epochs: 2, batchSize: 8 });
    expect(plan).toMatchObject({
      kind: 'labelled',
      columns: { text: 'review', label: 'sentiment' },
      look: {
        rows: 60,
        bad: 0,
        cut: 0,
        labels: [
          ['yes', 40],
          ['no', 20],
        ],
        isRegression: false,
      },
      heldOut: 6,
      model: { modelType: 'bert', hasHead: false },
    });
    expect(plan.cost.secondsPerStep).toBeGreaterThan(0);
    expect(plan.cost.bytes).toBeGreaterThan(16 * plan.model.parameters);
    const { recipe } = plan;
    expect(recipe).toMatchObject({
      model: { architecture: 'BertForSequenceClassification', labels: ['no', 'yes'] },
      train: { steps: 14, batchSize: 8 },
      optimizer: { layerDecay: 0.9, lr: 0.0005 },
    });
    const { parse } = await import('yaml');
    expect(parseRecipe(parse(recipeText(plan)), 'again')).toEqual(recipe);
    expect(existsSync(place('run-plan'))).toBe(false);
  });

  it('counts what is cut, and leaves bad rows out when told to', async () => {
    const long = rowsFile('long', i => ({ text: i < 10 ? randomText(80, i) : 'short', label: i % 2 }));
    const plan = await planFinetune(place('bert'), [long], { out: place('run-long') });
    expect(plan.look).toMatchObject({
      context: 48,
      cut: 10,
      labels: [
        ['0', 30],
        ['1', 30],
      ],
    });
    const bad = rowsFile('bad', i => (i === 7 ? { text: 'no label' } : { text: 'a', label: i % 2 }));
    await expect(planFinetune(place('bert'), [bad], { out: place('run-bad') })).rejects.toThrow(/row 8/);
    const skipped = await planFinetune(place('bert'), [bad], { out: place('run-bad'), skipBad: true });
    expect(skipped.look).toMatchObject({ rows: 59, bad: 1 });
  });

  it('refuses what does not fit before anything is written', async () => {
    const pairs = rowsFile('pairs', i => ({ source: review(i), target: review(i) }));
    await expect(planFinetune(place('bert'), [pairs], { out: place('run-pairs') })).rejects.toMatchObject({
      code: 'TSLM_UNFIT_OBJECTIVE',
    });
    const unknown = rowsFile('unknown', i => ({ body: review(i) }));
    await expect(planFinetune(place('bert'), [unknown], {})).rejects.toMatchObject({ code: 'TSLM_NO_KIND' });
    expect(existsSync(place('run-pairs'))).toBe(false);
  });
});

describe('measureSteps', () => {
  it('refuses weights that memory cannot hold before it loads them, and says what may fit', async () => {
    const data = rowsFile('few', i => ({ text: review(i), label: i % 2 }));
    const { recipe } = await planFinetune(place('bert'), [data], { out: place('run-few'), batchSize: 8 });
    const nowhere = { ...recipe, model: { ...recipe.model, from: place('nowhere') } };
    await expect(measureSteps(nowhere, await openSource(recipe), 1e15)).rejects.toMatchObject({
      code: 'TSLM_NO_MEMORY',
      message: expect.stringMatching(/^this training takes .* are free$/),
    });
  });
});

describe('finetune', () => {
  const kinds: [name: string, family: string, row: (i: number) => object, metric: string][] = [
    ['labels', 'bert', i => ({ text: review(i), label: isGood(i) ? 'yes' : 'no' }), 'accuracy'],
    ['numbers', 'bert', i => ({ text: review(i), label: isGood(i) ? 4.5 : 0.5 }), 'spearman'],
    ['any of several', 'bert', i => ({ text: review(i), label: [isGood(i) ? 1 : 0, i % 2, 0] }), 'microF1'],
    ['tags', 'bert', i => ({ tokens: words(i), tags: words(i).map((_, w) => (w === i % 5 ? 'B-X' : 'O')) }), 'spanF1'],
    [
      'answers',
      'bert',
      i => ({ question: 'which', context: review(i), answers: { text: [words(i)[0]], answer_start: [0] } }),
      'exactMatch',
    ],
    ['translations', 'bart', i => ({ source: review(i), target: words(i).join(' ') }), 'bleu'],
  ];

  it.each(kinds)('%s', async (name, family, row, metric) => {
    const file = rowsFile(name.replaceAll(' ', '-'), row, name === 'labels' ? 240 : 60);
    const options = {
      out: place(`run-${name}`),
      epochs: name === 'labels' ? 4 : 1,
      batchSize: 8,
      lr: 2e-3,
      validation: 0.2,
    };
    const { run, scores } = await finetune(await planFinetune(place(family), [file], options));
    expect(run.finished).toBe(true);
    expect(scores[0].name).toBe('this model');
    expect(scores[0].scores.rows).toBe(name === 'labels' ? 48 : 12);
    expect(Object.keys(scores[0].scores.metrics)[0]).toBe(metric);
    for (const value of Object.values(scores[0].scores.metrics)) expect(value).toBeGreaterThanOrEqual(-1);
    const { model, missing } = loadModel(join(run.folder, 'model'));
    expect(missing).toEqual([]);
    if (name === 'numbers') expect(model.config.problem_type).toBe('regression');
    if (name === 'any of several') expect(model.config.id2label).toEqual({ 0: '0', 1: '1', 2: '2' });
    if (name === 'any of several') expect(model.config.problem_type).toBe('multi_label_classification');
    model.dispose();
    const card = readFileSync(join(run.folder, 'model', 'README.md'), 'utf8');
    expect(card).toContain('library_name: transformers');
    expect(card).toContain('| this model |');
    if (name !== 'labels') return;
    expect(scores.map(score => score.name)).toEqual(['this model', 'bag of words', 'majority']);
    // One word decides, which both can learn and the majority cannot.
    expect(scores[1].scores.metrics.accuracy).toBeGreaterThan(scores[2].scores.metrics.accuracy);
    expect(scores[0].scores.metrics.accuracy).toBeGreaterThan(scores[2].scores.metrics.accuracy);
  });

  it('compares with the model before where that did the task already', async () => {
    const file = rowsFile('labels', kinds[0][2]);
    const from = place('run-labels');
    const plan = await planFinetune(from, [file], { out: place('run-again'), epochs: 1, batchSize: 8 });
    expect(plan.model.hasHead).toBe(true);
    const { scores } = await finetune(plan);
    expect(scores.map(({ name }) => name)).toContain('the model before');
  });
});

describe('finetune of what writes', () => {
  const chat = (i: number) => ({
    messages: [
      { role: 'user', content: words(i)[0] },
      { role: 'assistant', content: isGood(i) ? 'good' : 'bad' },
    ],
  });
  const pair = (i: number) => ({ prompt: words(i)[0], chosen: ' good', rejected: ' bad' });
  const options = { epochs: 4, batchSize: 8, lr: 5e-3, validation: 0.2 };

  it('conversations: an adapter over a model without a template, stopped and resumed', async () => {
    const file = rowsFile('chats', chat);
    const adapter = namedAdapter('dora', { rank: 4 });
    const plan = await planFinetune(place('gpt2'), [file], { ...options, adapter, out: place('run-chats') });
    expect(plan).toMatchObject({ kind: 'instruction', notes: [`${file}: 60 rows of conversations`] });
    expect(plan.recipe.data.chatTemplate).toBe('plain');
    expect(plan.recipe.adapter).toMatchObject({ method: 'lora', dora: true, r: 4 });
    const controller = new AbortController();
    const onStep = ({ step }: { step: number }) => step === 9 && controller.abort();
    const stopped = await finetune(plan, { signal: controller.signal, hooks: { onStep } });
    expect(stopped).toMatchObject({ run: { finished: false }, scores: [] });
    const run = await resumeRun(place('run-chats'));
    expect(run.finished).toBe(true);
    const scores = await finishFinetune(run, finetuningOf(place('run-chats'))!);
    expect(scores.map(({ name }) => name)).toEqual(['this model', 'the model before']);
    const [after, before] = scores.map(({ scores: { metrics } }) => metrics);
    expect(Object.keys(after)).toEqual(['loss', 'perplexity', 'accuracy']);
    expect(after.loss).toBeLessThan(before.loss - 0.3);
    // The same rows in other batches, which round otherwise.
    expect(after.loss).toBeCloseTo(run.best!.loss, 3);
    expect(readFileSync(join(run.folder, 'model', 'README.md'), 'utf8')).toMatch(
      /pipeline_tag: text-generation[\s\S]*an adapter \(lora\)[\s\S]*\| the model before \|/,
    );
  });

  it('conversations: an adapter over a model in four bits that gets a template', async () => {
    const adapter = namedAdapter('lora', { quantize: 'nf4' });
    const more = { ...options, epochs: 1, adapter, out: place('run-four-bits') };
    const plan = await planFinetune(place('gpt2'), [rowsFile('four-bits', chat)], more);
    expect(plan.recipe).toMatchObject({ data: { chatTemplate: 'plain' }, adapter: { quantize: 'nf4' } });
    expect(await finetune(plan)).toMatchObject({ run: { finished: true } });
  });

  it('preferences: rewards against the model before, with intervals', async () => {
    const file = rowsFile('preferences', pair);
    const plan = await planFinetune(place('gpt2'), [file], { ...options, out: place('run-preferences') });
    expect(plan).toMatchObject({ kind: 'preference', recipe: { objective: { name: 'dpo' } } });
    const { scores } = await finetune(plan);
    const [after, before] = scores.map(one => one.scores);
    expect(after.metrics).toMatchObject({ rewardAccuracy: 1, likelier: 1 });
    expect(after.interval![0]).toBeGreaterThan(0.5);
    const [low, high] = after.intervals!.margin!;
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(after.metrics.margin);
    expect(before.metrics.rewardAccuracy).toBeUndefined();
  });

  it('preferences whose prompt leaves no room are left out of the comparison, too', async () => {
    const long = (i: number) => (i % 5 === 0 ? { ...pair(i), prompt: 'far too long '.repeat(99) } : pair(i));
    const file = rowsFile('long-preferences', long);
    const more = { ...options, epochs: 1, skipBad: true, out: place('run-long') };
    const { scores } = await finetune(await planFinetune(place('gpt2'), [file], more));
    expect(scores[0].scores.rows).toBeGreaterThan(4);
    expect(scores[0].scores.rows).toBeLessThan(12);
    expect(scores[1].scores.rows).toBe(scores[0].scores.rows);
  });

  it('answers that are good or not, and completions, are planned', async () => {
    const feedback = rowsFile('feedback', i => ({ prompt: words(i)[0], completion: ' good', label: isGood(i) }));
    const kto = await planFinetune(place('gpt2'), [feedback], { out: place('none') });
    expect(kto).toMatchObject({ kind: 'feedback', recipe: { objective: { name: 'kto' } } });
    const pairs = rowsFile('asked', i => ({ question: words(i)[0], answer: 'good' }));
    const columns = { prompt: 'question', completion: 'answer' };
    const plan = await planFinetune(place('gpt2'), [pairs], { columns, out: place('none') });
    expect(plan).toMatchObject({ kind: 'instruction', written: { data: { columns } } });
    expect(plan.recipe.data.chatTemplate).toBeUndefined();
  });

  it('adapters have names, and take what they can', () => {
    expect(namedAdapter(undefined)).toBeUndefined();
    expect(namedAdapter('lora', { quantize: 'nf4' })).toEqual({ method: 'lora', quantize: 'nf4' });
    expect(() => namedAdapter('lorra')).toThrow(/no such adapter/);
    expect(() => namedAdapter('ia3', { rank: 4 })).toThrow(/has no rank/);
    expect(() => namedAdapter('ia3', { quantize: 'nf4' })).toThrow(/--quantize is for lora and dora/);
    expect(() => namedAdapter(undefined, { rank: 4 })).toThrow(/--rank is of an adapter/);
  });
});
