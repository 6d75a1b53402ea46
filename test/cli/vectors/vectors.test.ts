/** `tslm vectors …` as processes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadVectors } from '../../../src/vectors/index.ts';
import { expectRefusal, tslm, tslmHere, tslmJson } from '../../helpers/cli.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { CLASSES, toyText } from '../../vectors/toy.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const text = place('toy.txt');
const vectors = place('vectors');
const options = ['--sentences', 'line', '--dimension', '12', '--subsample', '0', '--epochs', '8'];

beforeAll(async () => {
  writeFileSync(text, toyText());
  const args = ['vectors', 'train', text, '--out', vectors, '--subwords', '--buckets', '500', ...options];
  const { code, stdout, stderr } = await tslm(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^vectors {2}40 words of 12 numbers in .*\ntext {5}10\.0k words, 100\.0% .*\nloss .*\ntime /);
});

describe('train', () => {
  it('writes vectors with where they come from, which other programs open', async () => {
    const manifest = JSON.parse(readFileSync(place('vectors', 'vectors.json'), 'utf8'));
    expect(manifest).toMatchObject({
      format: 'tslm-vectors',
      words: 40,
      dimension: 12,
      source: [text],
      text: { rule: 'unicode', lowercase: true, sentences: 'line', minCount: 5 },
      wordsRead: 10_000,
      training: { method: 'skip-gram', seed: 0, threads: 1, epochs: 8, rate: 0.025 },
      subwords: { minNgram: 3, maxNgram: 6, buckets: 500 },
    });
    expect(readFileSync(place('vectors', 'vectors.bin')).subarray(0, 6).toString()).toBe('40 12\n');
    const counts = readFileSync(place('vectors', 'vocabulary.txt'), 'utf8').trim().split('\n');
    expect(counts.map(line => Number(line.split(' ')[1])).reduce((sum, count) => sum + count)).toBe(10_000);
  });

  it('reads standard input, and replaces vectors only if it may', async () => {
    const out = place('second');
    const args = ['vectors', 'train', '-', '--out', out, '--json', '--method', 'glove', '--x-max', '10', ...options];
    const { stdout, code } = await tslm(args, { stdin: toyText(300) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, training: { method: 'glove', window: 10 } });
    expectRefusal(await tslm(args, { stdin: toyText(300) }), 2, /there is something in this folder/);
    expect(await tslm([...args, '--overwrite'], { stdin: toyText(300) })).toMatchObject({ code: 0 });
    writeFileSync(place('note.txt'), '');
    expectRefusal(await tslm(['vectors', 'train', text, '--out', folder, '--overwrite']), 2, /no word vectors/);
    expect(existsSync(text)).toBe(true);
  });
});

describe('nearest and analogy', () => {
  it('answer from the folder', async () => {
    const { stdout: json } = await tslm(['vectors', 'nearest', vectors, 'Paris', '--top', '3', '--json']);
    const [{ word, nearest }] = JSON.parse(json);
    expect(word).toBe('Paris');
    expect(CLASSES[3]).toEqual(expect.arrayContaining(nearest.map((one: { word: string }) => one.word)));
    // A word that is not in the text has its n-grams.
    expect(await tslm(['vectors', 'nearest', vectors, 'berliner'])).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await tslm([
      'vectors',
      'analogy',
      vectors,
      'cat',
      'dog',
      'red',
      '--method',
      'mul',
      '--top',
      '2',
    ]);
    expect(stdout).toMatch(/^\S+ +\d\.\d{4}\n\S+ +\d\.\d{4}\n$/);
  });
});

describe('convert and evaluate', () => {
  it('write and judge the same vectors in every format', async () => {
    const pairs = place('pairs.txt');
    writeFileSync(pairs, 'cat\tdog\t9\ncat\tred\t1\npony\tcat\t5\nrome\tparis\t8\n');
    const questions = place('questions.txt');
    writeFileSync(questions, ': toy\ncat dog red green\n');
    const judged = [];
    for (const format of ['binary', 'text', 'glove']) {
      const file = place(`toy.${format}`);
      const converted = await tslmJson(['vectors', 'convert', vectors, '--out', file, '--format', format]);
      expect(converted).toEqual({ file, format, words: 40, dimension: 12 });
      const args = ['vectors', 'evaluate', file, '--similarity', pairs, '--analogies', questions];
      const { similarity, analogies } = await tslmJson(args);
      judged.push({ similarity, analogies });
    }
    expect(judged[0]).toMatchObject({
      similarity: [{ file: pairs, pairs: 4, known: 3, spearman: expect.any(Number) }],
      analogies: [{ file: questions, total: { questions: 1, known: 1 } }],
    });
    expect(judged[1]).toEqual(judged[0]);
    expect(judged[2]).toEqual(judged[0]);
  });
});

describe('mistakes are one line and a hint', () => {
  it.each([
    [['nearest', vectors, 'pariss', '--limit', '40'], 0, undefined],
    [['nearest', place('toy.text'), 'pariss'], 1, /no vector of 'pariss'/],
    [['nearest', place('none'), 'x'], 1, /none: no such file/],
    [['nearest', text, 'x'], 1, /line 1: a word and numbers are expected/],
    [['evaluate', vectors], 2, /nothing to evaluate/],
    [['train', text, '--out', place('x'), '--min-count', '100000'], 1, /fewer than two words/],
    [['train', text, '--out', place('x'), '--method', 'glove', '--subwords'], 2, /GloVe has no subwords/],
    [['train', place('none.txt'), '--out', place('x')], 1, /none\.txt: no such file/],
  ] as [string[], number, RegExp?][])('%j', async (args, code, message) => {
    const outcome = await tslmHere(['vectors', ...args]);
    if (message === undefined) expect(outcome.code).toBe(code);
    else expectRefusal(outcome, code as 1 | 2, message);
    expect(existsSync(place('x'))).toBe(false);
  });

  it('a folder whose files do not belong together', async () => {
    const path = place('second', 'vectors.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"words": 40', '"words": 41'));
    await expect(loadVectors(place('second'))).rejects.toThrow(/do not belong together/);
  });
});
