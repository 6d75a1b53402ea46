import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as processors from '../../src/generate/logits-processors/index.ts';
import { crossing, kthLargest } from '../../src/generate/logits-processors/select.ts';
import { multinomial } from '../../src/generate/sampling.ts';
import { createRandom } from '../../src/support/random.ts';

/** Rows with ties, both zeros, forbidden tokens and very different scales; at least one token is allowed. */
const rows = fc
  .array(
    fc.oneof(
      fc.float({ noNaN: true, min: -40, max: 40 }),
      fc.constantFrom(0, -0, 1, 1, 2.5, -Infinity),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    ),
    { minLength: 1, maxLength: 300 },
  )
  .filter(row => row.some(x => x > -Infinity))
  .map(row => Float32Array.from(row));

const allowed = (logits: Float32Array): number[] => [...logits.keys()].filter(i => logits[i] > -Infinity);

const filters: Record<string, (x: number, minTokensToKeep: number) => processors.LogitsProcessor> = {
  topK: (x, minTokensToKeep) => processors.topK(1 + Math.floor(x * 400), { minTokensToKeep }),
  topP: (x, minTokensToKeep) => processors.topP(x, { minTokensToKeep }),
  minP: (x, minTokensToKeep) => processors.minP(x, { minTokensToKeep }),
  typical: (x, minTokensToKeep) => processors.typical(x, { minTokensToKeep }),
  epsilonCutoff: (x, minTokensToKeep) => processors.epsilonCutoff(x, { minTokensToKeep }),
  etaCutoff: (x, minTokensToKeep) => processors.etaCutoff(x, { minTokensToKeep }),
};

describe.each(Object.entries(filters))('%s', (_, make) => {
  it('keeps at least minTokensToKeep of the allowed tokens, and does not touch those that it keeps', () => {
    fc.assert(
      fc.property(
        rows,
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        (row, x, least) => {
          const logits = row.slice();
          make(x, least)([], logits);
          const kept = allowed(logits);
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(least, allowed(row).length));
          for (const i of kept) expect(logits[i]).toBe(row[i]);
        },
      ),
    );
  });
});

describe.each(['topK', 'topP', 'minP', 'epsilonCutoff', 'etaCutoff'])('%s', name => {
  it('keeps the most probable token, and nothing that is less probable than what it forbids', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (row, x) => {
        const logits = row.slice();
        filters[name](x, 1)([], logits);
        const kept = allowed(logits);
        const lowest = Math.min(...kept.map(i => row[i]));
        for (const [i, value] of row.entries()) if (!kept.includes(i)) expect(value).toBeLessThanOrEqual(lowest);
        // Of both zeros either may be kept.
        expect(Math.max(...kept.map(i => row[i])) + 0).toBe(Math.max(...row) + 0);
      }),
    );
  });
});

describe('partial selection', () => {
  it('kthLargest is what sorting finds', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 300 }), (row, k) => {
        const sorted = [...row].sort((a, b) => b - a);
        expect(kthLargest(row, k) + 0).toBe(sorted[Math.min(k, row.length) - 1] + 0);
      }),
    );
  });

  it('crossing is where the running total over the sorted row reaches the target', () => {
    const integers = fc.array(
      fc.tuple(fc.float({ noNaN: true }), fc.integer({ min: 0, max: 9 })), // integer weights: sums are exact
      { minLength: 1, maxLength: 200 },
    );
    fc.assert(
      fc.property(integers, fc.double({ min: 0, max: 1, noNaN: true }), (entries, part) => {
        const values = Float32Array.from(entries, ([value]) => value);
        const weights = Float64Array.from(entries, ([, weight]) => weight);
        const target = part * weights.reduce((a, b) => a + b, 0);
        const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
        let total = 0;
        let last = order[0];
        for (const i of order) {
          last = i;
          total += weights[i];
          if (total >= target) break;
        }
        const above = order.reduce((sum, i) => sum + (values[i] > values[last] ? weights[i] : 0), 0);
        const found = crossing(values, target, weights);
        expect(found.value + 0).toBe(values[last] + 0);
        expect(found.above).toBe(above);
      }),
    );
  });

  it('topP keeps the smallest set that reaches p', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (row, p) => {
        const max = Math.max(...row);
        const weights = [...row].map(x => Math.exp(x - max));
        const total = weights.reduce((a, b) => a + b, 0);
        const logits = row.slice();
        processors.topP(p)([], logits);
        const kept = allowed(logits).map(i => weights[i] / total);
        const mass = kept.reduce((a, b) => a + b, 0);
        expect(mass).toBeGreaterThanOrEqual(p - 1e-9);
        expect(mass - Math.min(...kept)).toBeLessThanOrEqual(p + 1e-9);
      }),
    );
  });

  it('repeated calls on rows of other lengths do not disturb one another', () => {
    const filter = processors.processorChain([
      processors.repetitionPenalty(1.3),
      processors.typical(0.9),
      processors.topP(0.9),
    ]);
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const [first, again] = [a.slice(), a.slice()];
        filter([0], first);
        filter([0], b.slice());
        filter([0], again);
        expect(again).toEqual(first);
      }),
    );
  });
});

describe('filters and sampling together', () => {
  it('never draw a forbidden token', () => {
    const chain = processors.processorChain([processors.topK(20), processors.topP(0.8), processors.minP(0.05)]);
    fc.assert(
      fc.property(rows, fc.nat(), (row, seed) => {
        const logits = row.slice();
        chain([], logits);
        expect(allowed(logits)).toContain(multinomial(logits, createRandom(seed)));
      }),
    );
  });
});
