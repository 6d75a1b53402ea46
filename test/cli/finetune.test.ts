/** `tslm finetune` as a process. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { randomText } from '../data/helpers.ts';
import { expectRefusal, tslm } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const rows = place('rows.csv');

beforeAll(async () => {
  const texts = Array.from({ length: 30 }, (_, i) => `${randomText(20, i)} good bad`);
  const specialTokens = ['[PAD]', '[CLS]', '[SEP]', '[MASK]'];
  const tokenizer = await trainTokenizer(texts, { kind: 'wordpiece', vocabSize: 200, specialTokens });
  using model = createModel('bert', { layers: 1, hidden: 16, heads: 2, context: 32, vocabSize: 200 }, { seed: 1 });
  saveModel(place('bert'), model);
  tokenizer.save(place('bert'));
  const lines = Array.from({ length: 60 }, (_, i) => `"${randomText(4, i)}",${i % 2 === 0 ? 'good' : 'bad'}`);
  writeFileSync(rows, `review,stars\n${lines.join('\n')}\n`);
});

const options = ['--columns', 'label=stars', '--epochs', '1', '--batch-size', '8'];

describe('finetune', () => {
  it('looks, and prints a recipe, without training', async () => {
    const out = place('dry');
    const { code, stdout, stderr } = await tslm([
      'finetune',
      place('bert'),
      '--data',
      rows,
      ...options,
      '--out',
      out,
      '--dry-run',
    ]);
    expect(code, stderr).toBe(0);
    expect(parse(stdout)).toMatchObject({
      data: { train: [rows], validation: 0.1, columns: { text: 'review', label: 'stars' } },
      model: { from: place('bert'), labels: ['bad', 'good'] },
      train: { steps: 7, batchSize: 8 },
    });
    expect(stderr).toMatch(
      /^rows {6}60 of the kind 'labelled': text ← review, label ← stars\nlabels {4}bad 30 · good 30\n/,
    );
    expect(existsSync(out)).toBe(false);
  });

  it('trains, and compares with what is simple', async () => {
    const out = place('run');
    const outcome = await tslm(['finetune', place('bert'), '--data', rows, ...options, '--out', out, '--json']);
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = JSON.parse(outcome.stdout) as { finished: boolean; scores: { name: string }[] };
    expect(result).toMatchObject({ finished: true, kind: 'labelled' });
    expect(result.scores.map(({ name }) => name)).toEqual(['this model', 'bag of words', 'majority']);
    expect(JSON.parse(readFileSync(join(out, 'scores.json'), 'utf8'))).toEqual(result.scores);
    const { margin } = (result.scores as { margin?: { margin: number; interval: [number, number] } }[])[1];
    expect(margin!.interval[0]).toBeLessThanOrEqual(margin!.margin);
    // However a run came to its end, the comparison follows it.
    rmSync(join(out, 'scores.json'));
    const resumed = await tslm(['resume', out, '--set', 'train.steps=9', '--json']);
    expect(resumed.code, resumed.stderr).toBe(0);
    const ended = JSON.parse(resumed.stdout) as { scores: { name: string }[] };
    expect(ended).toMatchObject({ step: 9, finished: true, kind: 'labelled' });
    expect(ended.scores.map(({ name }) => name)).toEqual(['this model', 'bag of words', 'majority']);
    expect(JSON.parse(readFileSync(join(out, 'scores.json'), 'utf8'))).toEqual(ended.scores);
    const again = await tslm(['finetune', place('bert'), '--data', rows, ...options, '--out', out]);
    expectRefusal(again, 2, /there is something in this folder/);
  });

  it('names what it cannot use', async () => {
    const run = (...args: string[]) => tslm(['finetune', place('bert'), ...args, '--out', place('none')]);
    expectRefusal(await run('--data', rows), 2, /columns review, stars are no kind of rows/);
    expectRefusal(await run('--data', rows, '--columns', 'stars'), 2, /--columns stars/);
    expectRefusal(await run('--data', place('nothing.csv')), 1, /nothing\.csv: no such file/);
    expect(existsSync(place('none'))).toBe(false);
  });
});
