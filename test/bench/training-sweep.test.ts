import { expect, it } from 'vitest';
import { sweepRows } from '../../src/bench/training-sweep.ts';

const options = { family: 'gpt2', layers: 1, hidden: 32, heads: 2, vocab: 64, batch: 8, seq: 256 };

it('context: the tokens of a step stay, and none is longer than these', () => {
  const rows = sweepRows('context', options);
  expect(rows.map(({ name }) => name)).toEqual(['128', '256', '512', '1024', '2048']);
  for (const { options } of rows) expect(options.batch * options.seq).toBe(2048);
});

it('batch: 1 to 64', () => {
  const rows = sweepRows('batch', options);
  expect(rows.map(({ options }) => options.batch)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(rows.every(({ options }) => options.seq === 256)).toBe(true);
});

it('size: models have about the weights that their names say', () => {
  for (const { name, options: sizes } of sweepRows('size', options)) {
    const { family, layers, hidden, heads, vocab, seq } = sizes;
    const millions = Number(name.replace('M', ''));
    const weights = 12 * layers * hidden ** 2 + (vocab + seq) * hidden;
    expect(Math.abs(weights / (millions * 1e6) - 1), name).toBeLessThan(0.06);
    expect(hidden % heads).toBe(0);
    expect(family).toBe('gpt2');
  }
});
