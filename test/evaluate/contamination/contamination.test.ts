/** Documents that stand in a corpus are found by thirteen words in a row, and scored apart. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contaminationOf } from '../../../src/evaluate/contamination/contamination.ts';
import { overlapOf } from '../../../src/evaluate/contamination/overlap.ts';
import { ngramHashes, wordsIn } from '../../../src/evaluate/contamination/word-ngrams.ts';
import { evaluateTasks } from '../../../src/evaluate/harness/evaluate-tasks.ts';
import { openTaskLibrary } from '../../../src/evaluate/harness/task-library.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import { scratchFolder } from '../../support/scratch.ts';

const counted = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `w${from + i}`).join(' ');

describe('overlap', () => {
  it('takes thirteen words in a row, whatever stands between them', () => {
    const corpus = [`Before. ${counted(0, 13).replaceAll(' ', ', ').toUpperCase()}! After.`, counted(100, 112)];
    const { dirty, tooShort } = overlapOf(
      [`x ${counted(0, 13)} y`, `x ${counted(1, 14)} y`, counted(99, 113), 'a b'],
      corpus,
    );
    expect([...dirty]).toEqual([0]);
    expect([...tooShort]).toEqual([3]);
  });

  it('takes the whole of a text of eight to twelve words', () => {
    const corpus = [counted(0, 40)];
    expect([...overlapOf([counted(3, 11), counted(36, 45), counted(3, 10)], corpus).dirty]).toEqual([0]);
  });

  it('does not go from one text of the corpus into the next', () => {
    expect(overlapOf([counted(0, 13)], [counted(0, 7), counted(7, 13)]).dirty.size).toBe(0);
  });

  it('counts Chinese characters as words', () => {
    expect(wordsIn('ＧＰＴ４读《红楼梦》Hello-world')).toEqual(['gpt4', '读', '红', '楼', '梦', 'hello', 'world']);
  });

  it('tells runs apart by the order of their words', () => {
    const hashes = ngramHashes(['a', 'b', 'a', 'b', 'b', 'a'], 2);
    expect(hashes[0]).toBe(hashes[2]);
    expect(new Set(hashes).size).toBe(3);
    expect(hashes.every(Number.isSafeInteger)).toBe(true);
  });
});

describe('a task', () => {
  const folder = scratchFolder();
  const rows = [
    { q: `${counted(0, 14)} is`, a: ['yes', 'no'], y: 0 },
    { q: `${counted(20, 34)} is`, a: ['yes', 'no'], y: 1 },
    { q: `${counted(40, 54)} is`, a: ['yes', 'no'], y: 0 },
    { q: 'short is', a: ['yes', 'no'], y: 0 },
  ];
  writeFileSync(join(folder, 'rows.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    join(folder, 'task.yaml'),
    'task: seen\ndataset_path: rows\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: a\ndoc_to_target: y\nmetric_list: [{metric: acc}]\n',
  );
  /** Says yes. */
  const model: EvaluatedModel = {
    name: 'yes',
    scoring: 'causal',
    loglikelihood: async requests =>
      requests.map(({ continuation }) => ({ logProb: continuation === ' yes' ? -1 : -2, isGreedy: true, tokens: 1 })),
    loglikelihoodRolling: async () => [],
    generateUntil: async () => [],
    [Symbol.dispose]() {},
  };

  it('has scores of either part', async () => {
    const nodes = openTaskLibrary([folder]).select(['seen']);
    const result = await evaluateTasks(model, nodes, { dataMap: { rows: join(folder, 'rows.jsonl') } });
    const [found] = contaminationOf(result, [`… ${counted(0, 13)} …`, counted(20, 40)]);
    expect(found).toMatchObject({ task: 'seen', documents: 4, dirty: 2, tooShort: 1 });
    expect(found.scores['acc,none'].dirty).toMatchObject({ documents: 2, value: 0.5 });
    expect(found.scores['acc,none'].clean).toMatchObject({ documents: 2, value: 1 });
  });

  it('has no score of a part without documents', async () => {
    const nodes = openTaskLibrary([folder]).select(['seen']);
    const result = await evaluateTasks(model, nodes, { dataMap: { rows: join(folder, 'rows.jsonl') } });
    const [found] = contaminationOf(result, ['nothing of it']);
    expect(Object.keys(found.scores['acc,none'])).toEqual(['clean']);
  });
});
