import { describe, expect, it } from 'vitest';
import { bestCandidates, drawCandidates } from '../../../src/generate/strategies/candidates.ts';
import { createRandom } from '../../../src/support/random.ts';

const random = createRandom(3);
const rows = (beams: number, vocab: number, levels = 1e6): Float32Array[] =>
  Array.from({ length: beams }, () =>
    Float32Array.from({ length: vocab }, () => -random.below(levels) / (levels / 10)),
  );

describe('bestCandidates', () => {
  it('finds what sorting all of them finds, ties by beam and id', () => {
    for (const [beams, vocab, count, levels] of [
      [4, 50, 8, 1e6],
      [3, 20, 9, 5],
      [2, 3, 6, 2],
      [1, 40, 1, 3],
    ]) {
      const logProbs = rows(beams, vocab, levels);
      const scores = Array.from({ length: beams }, () => Math.fround(-random.below(4)));
      const all = logProbs.flatMap((row, beam) =>
        Array.from(row, (logProb, id) => ({ beam, id, logProb, score: Math.fround(scores[beam] + logProb) })),
      );
      const sorted = all.sort((a, b) => b.score - a.score || a.beam - b.beam || a.id - b.id);
      expect(bestCandidates(scores, logProbs, count)).toEqual(sorted.slice(0, count));
    }
  });

  it('takes forbidden tokens only where nothing else is left', () => {
    const row = Float32Array.of(Number.NEGATIVE_INFINITY, -2, Number.NEGATIVE_INFINITY, -1);
    expect(bestCandidates([0], [row], 2).map(({ id }) => id)).toEqual([3, 1]);
    expect(bestCandidates([0], [row], 3).map(({ id }) => id)).toEqual([3, 1, 0]);
    expect(bestCandidates([0], [row], 9)).toHaveLength(4);
  });

  it('says that a model is broken', () => {
    expect(() => bestCandidates([0], [Float32Array.of(-1, Number.NaN, -1)], 1)).toThrow(
      expect.objectContaining({ code: 'TSLM_NAN_LOGITS' }),
    );
  });
});

describe('drawCandidates', () => {
  it('draws different ones, the first with its probability, the second with what is left', () => {
    // One beam is more probable than the other: together four candidates.
    const [scores, logProbs] = [
      [Math.log(0.7), Math.log(0.3)],
      [
        [0.9, 0.1],
        [0.5, 0.5],
      ],
    ];
    const p = [0.63, 0.07, 0.15, 0.15];
    const tensors = logProbs.map(row => Float32Array.from(row, Math.log));
    const n = 20000;
    const firsts = [0, 0, 0, 0];
    const seconds = [0, 0, 0, 0];
    const generator = createRandom(5);
    for (let i = 0; i < n; i++) {
      const [a, b] = drawCandidates(scores, tensors, 2, generator).map(({ beam, id }) => 2 * beam + id);
      expect(a).not.toBe(b);
      firsts[a]++;
      seconds[b]++;
    }
    const close = (count: number, q: number): void =>
      expect(Math.abs(count / n - q)).toBeLessThan(5 * Math.sqrt((q * (1 - q)) / n));
    for (const [i, q] of p.entries()) {
      close(firsts[i], q);
      const second = p.reduce((sum, r, j) => (j === i ? sum : sum + (r * q) / (1 - r)), 0);
      close(seconds[i], second);
    }
  });

  it('leaves scores as they are, and forbidden tokens to the last', () => {
    const row = Float32Array.of(-3, Number.NEGATIVE_INFINITY, -0.5);
    for (let i = 0; i < 50; i++) {
      const drawn = drawCandidates([-1], [row], 3, random);
      expect(drawn[2].id).toBe(1);
      expect(drawn.map(({ id, score }) => score === Math.fround(-1 + row[id])).every(Boolean)).toBe(true);
    }
  });
});
