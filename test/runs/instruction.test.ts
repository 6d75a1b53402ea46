/** From rows to a model that answers: the example of docs/INSTRUCTION-TUNING.md, and what a run makes of rows on the way. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { maskText } from '../../src/cli/views/mask-view.ts';
import { createFromConfig, loadModel, saveModel } from '../../src/models/auto.ts';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { parseRecipe } from '../../src/runs/recipe.ts';
import type { Recipe } from '../../src/runs/recipe-schema.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { shownExamples } from '../../src/runs/show-mask.ts';
import { readJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { errorOf, writeFiles } from '../data/helpers.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const page = readFileSync('docs/INSTRUCTION-TUNING.md', 'utf8');
const [rows, recipe, mask] = ['json', 'yaml', 'text'].map(
  language => page.match(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``))![1],
);
const base = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_roberta');

function recipeOf(changes: Record<string, object> = {}): Recipe {
  const own = parse(recipe);
  own.data.train = place('chats.jsonl');
  own.model.from = place('base');
  for (const [section, keys] of Object.entries(changes)) {
    own[section] = section === 'objective' ? keys : { ...own[section], ...keys };
  }
  return parseRecipe(own, 'answers.yaml');
}

beforeAll(() => {
  const config = { model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], ...tinyConfigs.gpt2, n_positions: 64 };
  const model = createFromConfig({ ...config, vocab_size: base.vocabSize }, { seed: 1 });
  writeFiles(folder, { 'chats.jsonl': rows, 'base/.keep': '' });
  saveModel(place('base'), model);
  base.save(place('base'));
});

describe('the example of the page', () => {
  it('shows what it learns', async () => {
    const { examples, notes } = await shownExamples(recipeOf({ data: { validation: place('chats.jsonl') } }), 2);
    const shown = examples
      .map(one => maskText(one, false))
      .join('\n')
      .replaceAll(`${folder}/`, '');
    const numbers = /\d+ of \d+ tokens/g;
    expect(shown.replace(numbers, '')).toBe(mask.replace(numbers, ''));
    for (const { tokens, learnt } of examples) expect(learnt).toBeLessThan(tokens);
    expect(notes.map(note => note.replaceAll(`${folder}/`, ''))).toContain('chats.jsonl: 2 rows of conversations');
    expect(notes.map(note => note.replaceAll(`${folder}/`, ''))).toContain(
      "chats.jsonl: 1 row of Alpaca's instructions",
    );
    expect(maskText(examples[0], true)).toContain('\x1b[1;32mOn the mat.<|im_end|>\n\x1b[0m');
  });

  it('learns it, into a folder with template and tokens', async () => {
    const notes: string[] = [];
    const { best } = await startRun(recipeOf(), place('answers'), { hooks: { onNote: note => notes.push(note) } });
    expect(notes.some(note => /conversations$/.test(note))).toBe(true);
    const losses = readMetrics(join(place('answers'), 'metrics.jsonl')).flatMap(({ loss }) => loss ?? []);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]);
    expect(best).not.toBeNull();
    const tokenizer = Tokenizer.fromFile(join(place('answers'), 'model'));
    expect(tokenizer.vocabSize).toBe(base.vocabSize + 2);
    expect(existsSync(join(place('answers'), 'model', 'chat_template.jinja'))).toBe(true);
    const { model, missing } = loadModel(join(place('answers'), 'model'));
    expect([missing, model.config.vocab_size]).toEqual([[], base.vocabSize + 2]);
    const { eos_token_id: ends } = readJson(join(place('answers'), 'model', 'generation_config.json')) as {
      eos_token_id: number[];
    };
    expect(ends).toContain(tokenizer.tokenToId('<|im_end|>'));
    expect(await resumeRun(place('answers'), { set: ['train.steps=32'] })).toMatchObject({ step: 32, finished: true });
  });
});

it('new words begin as the mean of the others', async () => {
  const { withVocabulary } = await import('../../src/models/auto.ts');
  const { model } = loadModel(place('base'));
  const table = [...model.namedParameters()].find(([name]) => name.endsWith('word.weight'))![1];
  const mean = table.mean([0]).toNumbers();
  const before = Array.from(table.toNumbers());
  const larger = withVocabulary(model, base.vocabSize + 3);
  const grown = [...larger.namedParameters()].find(([name]) => name.endsWith('word.weight'))![1];
  expect(grown.shape[0]).toBe(base.vocabSize + 3);
  const values = Array.from(grown.toNumbers());
  expect(values.slice(0, before.length)).toEqual(before);
  expect(values.slice(-mean.length)).toEqual(Array.from(mean));
  expect(withVocabulary(larger, 10)).toBe(larger);
});

describe('files by weights', () => {
  it('are seen as often as that', async () => {
    const lines = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => JSON.stringify({ text: `${name} ${i}` })).join('\n');
    writeFiles(folder, { 'a.jsonl': lines('a', 10), 'b.jsonl': lines('b', 10), 'held.jsonl': lines('c', 2) });
    const train = [place('a.jsonl'), { path: place('b.jsonl'), weight: 2.5 }];
    const data = { train, validation: place('held.jsonl'), chatTemplate: undefined };
    const mixed = recipeOf({ data, train: { steps: 1 }, objective: { name: 'instruction' } });
    await startRun(mixed, place('mixed'));
    expect(readJson(join(place('mixed'), 'run.json'))).toMatchObject({ data: { training_rows: 35, held_out_rows: 2 } });
    const { examples } = await shownExamples(mixed, 35);
    const times = (text: string) =>
      examples.filter(({ stretches }) => stretches.some(one => one.text.includes(text))).length;
    expect(times('a ')).toBe(10);
    for (let i = 0; i < 10; i++) expect([2, 3]).toContain(times(`b ${i}`));
  });

  it('must be files of conversations for a template', () => {
    expect(() => recipeOf({ objective: { name: 'contrastive' } })).toThrow(/'data.chatTemplate' is for conversations/);
  });
});

describe('what a model said as it began', () => {
  const pairs = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({ prompt: `The ${i}`, chosen: ' cat sat', rejected: ' dog rose' }),
  ).join('\n');
  const dpo = () =>
    recipeOf({
      data: { train: place('pairs.jsonl'), chatTemplate: undefined },
      objective: { name: 'dpo' },
      train: { steps: 6 },
      evaluation: { every: 3 },
    });

  it('is computed once, kept, and made again where it is gone', async () => {
    writeFiles(folder, { 'pairs.jsonl': pairs });
    const run = place('dpo');
    await startRun(dpo(), run);
    const stored = readdirSync(run).filter(name => name.startsWith('reference-'));
    expect(stored).toHaveLength(1);
    const whole = readMetrics(join(run, 'metrics.jsonl')).flatMap(row =>
      'evalLoss' in row ? [row] : [],
    ) as unknown as Record<string, number>[];
    expect(whole.at(-1)!.evalPreference ?? whole.at(-1)!.evalLoss).toBeLessThan(Math.LN2);
    expect(whole.at(-1)!.evalAccuracy).toBeGreaterThan(0.5);

    const notes: string[] = [];
    const hooks = { onNote: (note: string) => notes.push(note) };
    await resumeRun(run, { set: ['train.steps=7'], hooks });
    expect(notes).toEqual([]);
    const bytes = readFileSync(join(run, stored[0]));
    rmSync(join(run, stored[0]));
    await resumeRun(run, { set: ['train.steps=8'], hooks });
    expect(notes).toHaveLength(1);
    expect(readFileSync(join(run, stored[0])).equals(bytes)).toBe(true);
  });

  it('bad rows are named before anything is written', async () => {
    writeFiles(folder, {
      'pairs.jsonl': `${pairs}\n${JSON.stringify({ prompt: 'a '.repeat(80), chosen: ' b', rejected: ' c' })}`,
    });
    const recipe = { ...dpo() };
    const error = await errorOf(() => startRun(recipe, place('bad')));
    expect(error).toMatchObject({
      code: 'TSLM_NO_TARGET',
      message: expect.stringMatching(/pairs.jsonl: row 13: its prompt has \d+ tokens/),
    });
    expect(existsSync(place('bad'))).toBe(false);
  });
});
