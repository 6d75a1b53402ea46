/** Folders of problems. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeProblems } from '../../../src/data/problems/write-problems.ts';
import { scratchFolder } from '../../support/scratch.ts';

const scratch = scratchFolder();

test('writes rows of each split, further sizes, and texts with every character', () => {
  const folder = join(scratch, 'sums');
  const options = { format: 'chain', size: 3, minSize: 1, count: 300, heldOut: 20 } as const;
  const counts = writeProblems(folder, 'addition', { ...options, testSizes: [5] });
  expect(counts).toEqual({ 'train.jsonl': 300, 'validation.jsonl': 20, 'test.jsonl': 20, 'test-5.jsonl': 20 });
  expect(readdirSync(folder).sort()).toEqual([...Object.keys(counts), 'texts.txt'].sort());
  const rows = (name: string) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
  expect(rows('test-5.jsonl').every(row => /^\d{5}\+\d{5}>$/.test(row.prompt))).toBe(true);
  expect(new Set(rows('train.jsonl').map(row => row.size))).toEqual(new Set([1, 2, 3]));
  const known = new Set(readFileSync(join(folder, 'texts.txt'), 'utf8'));
  const used = rows('train.jsonl').flatMap(row => [...row.prompt, ...row.completion]);
  expect(used.filter(character => !known.has(character))).toEqual([]);
});

test.each([
  ['a name that is none', 'adition', {}, "did you mean 'addition'?"],
  ['a size over the largest', 'addition', { size: 99 }, '1 to 15'],
  ['sizes in the wrong order', 'addition', { size: 2, minSize: 3 }, '--min-size 3 is over --size 2'],
])('refuses %s', (_, name, options, message) => {
  const write = () => writeProblems(join(scratch, 'no'), name, options);
  let said = '';
  try {
    write();
  } catch (error) {
    said = `${(error as Error).message} ${(error as { hint?: string }).hint}`;
  }
  expect(said).toContain(message);
});
