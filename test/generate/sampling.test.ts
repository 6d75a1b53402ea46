import { describe, expect, it } from 'vitest';
import { argmax, logProbability, multinomial, softmax } from '../../src/generate/sampling.ts';
import { createRandom } from '../../src/support/random.ts';

const row = (...values: number[]): Float32Array => Float32Array.from(values);

describe('multinomial', () => {
  it('draws tokens as often as their probability says (chi-square)', () => {
    const logits = row(1, -2, 0.5, 3, -Infinity, 2, 0);
    const probabilities = softmax(logits);
    const random = createRandom(2024);
    const draws = 100_000;
    const counts = new Array(logits.length).fill(0);
    for (let i = 0; i < draws; i++) counts[multinomial(logits, random)]++;
    expect(counts[4]).toBe(0);
    let chiSquare = 0;
    for (const [i, p] of probabilities.entries()) if (p > 0) chiSquare += (counts[i] - draws * p) ** 2 / (draws * p);
    // 5 degrees of freedom: 20.5 is passed once in a thousand seeds.
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('repeats with the seed', () => {
    const logits = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    const draw = (seed: number): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 20 }, () => multinomial(logits, random));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('inverts the running sum, and stays on the last possible token when rounding leaves a rest', () => {
    const fixed = (value: number) => ({ ...createRandom(0), next: () => value });
    const logits = row(-Infinity, 0, 0, -Infinity);
    expect(multinomial(logits, fixed(0))).toBe(1);
    expect(multinomial(logits, fixed(0.49))).toBe(1);
    expect(multinomial(logits, fixed(0.5))).toBe(2);
    expect(multinomial(logits, fixed(1))).toBe(2);
  });
});

describe('softmax and logProbability', () => {
  it('neither overflow nor lose small probabilities', () => {
    const logits = row(1000, 999, -Infinity, 300);
    const e = Math.exp(-1);
    const expected = [1 / (1 + e), e / (1 + e), 0];
    for (const [i, p] of expected.entries()) expect(softmax(logits)[i]).toBeCloseTo(p, 14);
    expect(logProbability(logits, 3)).toBeCloseTo(-700 - Math.log(1 + e), 10);
    expect(logProbability(logits, 2)).toBe(-Infinity);
    expect(logProbability(logits, 0)).toBeCloseTo(Math.log(expected[0]), 14);
  });

  it('softmax writes into the array that it is given', () => {
    const out = new Float64Array(2);
    expect(softmax(row(0, 0), out)).toBe(out);
    expect([...out]).toEqual([0.5, 0.5]);
  });
});

describe('argmax', () => {
  it('takes the first of equal tokens', () => expect(argmax(row(-3, 5, 5, 1))).toBe(1));
  it('passes over forbidden tokens', () => expect(argmax(row(-Infinity, -1e30))).toBe(1));
});

describe.each([
  ['argmax', (logits: Float32Array) => argmax(logits)],
  ['softmax', (logits: Float32Array) => softmax(logits)],
  ['multinomial', (logits: Float32Array) => multinomial(logits, createRandom(1))],
  ['logProbability', (logits: Float32Array) => logProbability(logits, 0)],
])('%s', (_, use) => {
  it('refuses a row without a choice', () => {
    expect(() => use(row(-Infinity, -Infinity))).toThrow(expect.objectContaining({ code: 'TSLM_NO_ALLOWED_TOKEN' }));
  });
  it.each([
    [0, 1, Number.NaN],
    [Number.NaN, 1, 2],
  ])('refuses NaN', (...values) => {
    expect(() => use(row(...values))).toThrow(expect.objectContaining({ code: 'TSLM_NAN_LOGITS' }));
  });
});

it('probabilities of a row with +∞ are refused rather than NaN', () => {
  expect(() => softmax(row(0, Infinity))).toThrow(expect.objectContaining({ code: 'TSLM_NAN_LOGITS' }));
});
