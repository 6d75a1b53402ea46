import { expect, it } from 'vitest';
import { scoreLines } from '../../../src/cli/views/score-lines.ts';
import { labelScores } from '../../../src/evaluate/rows/labels.ts';
import { marginOver } from '../../../src/evaluate/rows/row-scores.ts';

it('says by how much a model is better on the same rows', () => {
  const truth = Array.from({ length: 40 }, () => 'a');
  const scores = (wrong: number) =>
    labelScores(
      truth,
      truth.map((label, i) => (i < wrong ? 'b' : label)),
    );
  const lines = scoreLines([
    { name: 'this model', scores: scores(4) },
    { name: 'bag of words', scores: scores(12), margin: marginOver(scores(4), scores(12)) },
    { name: 'majority', scores: scores(2), margin: marginOver(scores(4), scores(2)) },
  ]);
  expect(lines.map(([name]) => name)).toEqual(['this model', 'bag of words', 'majority', 'row by row', '']);
  expect(lines[0][1]).toMatch(/^accuracy 0\.900 \(0\.\d{3}–0\.\d{3}\)/);
  expect(lines[3][1]).toBe('+20.0 points (+7.4 to +32.6) over bag of words');
  expect(lines[4][1]).toMatch(/^−5\.0 points \(−11\.8 to \+1\.8\) over majority$/);
});
