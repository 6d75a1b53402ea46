/** A conditional random field beside every sequence of labels there is. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Crf, marginals, type Transitions, viterbi } from '../../src/models/crf.ts';
import { createRandom } from '../../src/support/random.ts';
import { backward, memoryStats, scope, tensor } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';

const LABELS = 3;
const random = createRandom(7);
const drawn = (count: number): number[] => Array.from({ length: count }, () => 4 * random.next() - 2);
const values: Transitions = {
  start: drawn(LABELS),
  end: drawn(LABELS),
  transitions: Array.from({ length: LABELS }, () => drawn(LABELS)),
};
const scoresOf = (time: number): number[][] => Array.from({ length: time }, () => drawn(LABELS));

const sequences = (time: number): number[][] =>
  time === 0 ? [[]] : sequences(time - 1).flatMap(row => [0, 1, 2].map(label => [...row, label]));
const scoreOf = (scores: readonly (readonly number[])[], tags: readonly number[]): number =>
  values.start[tags[0]] +
  values.end[tags.at(-1)!] +
  tags.reduce((sum, tag, t) => sum + scores[t][tag] + (t > 0 ? values.transitions[tags[t - 1]][tag] : 0), 0);
const logSum = (all: readonly number[]): number => Math.log(all.reduce((sum, one) => sum + Math.exp(one), 0));

describe.each([1, 2, 4])('over %i places', time => {
  const scores = scoresOf(time);
  const all = sequences(time).map(tags => ({ tags, score: scoreOf(scores, tags) }));
  const total = logSum(all.map(({ score }) => score));

  it('the best sequence is the best of all', () => {
    const best = all.reduce((one, other) => (other.score > one.score ? other : one));
    expect(viterbi(scores, values)).toEqual(best.tags);
  });

  it('probabilities at a place are sums over sequences', () => {
    const expected = scores.map((_, t) =>
      [0, 1, 2].map(label =>
        all.reduce((sum, { tags, score }) => sum + (tags[t] === label ? Math.exp(score - total) : 0), 0),
      ),
    );
    const found = marginals(scores, values);
    for (const [t, row] of found.entries())
      for (const [i, p] of row.entries()) expect(p).toBeCloseTo(expected[t][i], 9);
  });
});

describe('the loss', () => {
  const rows = [scoresOf(4), scoresOf(1), scoresOf(3)];
  const tags = [[2, 0, 0, 1], [1], [0, 2, 2]];
  const expected = rows.reduce(
    (sum, scores, r) =>
      sum + logSum(sequences(tags[r].length).map(one => scoreOf(scores, one))) - scoreOf(scores, tags[r]),
    0,
  );

  it('is −log p of sequences of any length together, with gradients', () => {
    const crf = new Crf(LABELS);
    crf.take(values);
    const before = memoryStats().tensors;
    scope(() => {
      const scores = tensor(rows.flat());
      scores.requiresGrad = true;
      const loss = crf.loss(scores, tags);
      expect(loss.item()).toBeCloseTo(expected, 4);
      backward(loss);
      // Of a place: the probability of each label, less 1 for the right one.
      const gradient = scores.grad!.toArray() as number[][];
      const wanted = rows.flatMap((own, r) =>
        marginals(own, values).map((row, t) => row.map((p, label) => p - (tags[r][t] === label ? 1 : 0))),
      );
      for (const [i, row] of gradient.entries()) {
        for (const [j, value] of row.entries()) expect(value).toBeCloseTo(wanted[i][j], 5);
      }
      for (const parameter of crf.parameters()) expect(parameter.grad!.isfinite().all().item()).toBe(1);
      crf.zeroGrad();
    });
    expect(memoryStats().tensors).toBe(before);
    crf.dispose();
  });

  it('is saved and opened', () => {
    const folder = join(scratchFolder(), 'crf');
    using crf = new Crf(LABELS);
    crf.take(values);
    crf.save(folder);
    using other = new Crf(LABELS);
    expect(other.load(folder).values()).toEqual(crf.values());
    using larger = new Crf(4);
    expect(() => larger.load(folder)).toThrow(/'start' is not of 4 labels/);
  });
});
