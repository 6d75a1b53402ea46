import { describe, expect, it } from 'vitest';
import { promptScores } from '../../src/engine/prompt-scores.ts';
import type { TokenInfos } from '../../src/engine/token-infos.ts';

/** Writes down what it was asked. */
const infos: TokenInfos = {
  text: id => ({ text: `${id}`, bytes: [] }),
  describe: (id, logits, alternatives) => ({
    id,
    text: `${alternatives}`,
    bytes: [],
    logprob: logits ? logits[0] : null,
  }),
};
const rows = (...marks: number[]): Float32Array[] => marks.map(mark => Float32Array.of(mark));

describe("scores of a prompt's tokens", () => {
  it.each([
    ['in one stretch', [[0, rows(0, 1, 2, 3)]]],
    [
      'in two',
      [
        [0, rows(0, 1)],
        [2, rows(2, 3)],
      ],
    ],
    [
      'token by token',
      [
        [0, rows(0)],
        [1, rows(1)],
        [2, rows(2)],
        [3, rows(3)],
      ],
    ],
  ] as [string, [number, Float32Array[]][]][])('are each from the logits before it, read %s', (_, stretches) => {
    const found = stretches.flatMap(([past, logits]) =>
      promptScores(infos, [7, 8, 9, 10], { past, logits, alternatives: 2 }),
    );
    expect(found.map(({ id, logprob }) => [id, logprob])).toEqual([
      [7, null],
      [8, 0],
      [9, 1],
      [10, 2],
    ]);
    expect(found.every(({ text }) => text === '2')).toBe(true);
  });
});
