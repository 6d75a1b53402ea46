import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slidingWindows, strideOver, type WindowOptions } from '../../src/support/sliding-windows.ts';

type Row = [begin: number, end: number, fresh: number];

describe('windows', () => {
  it.each<[string, number, WindowOptions, Row[]]>([
    ['of nothing are none', 0, { size: 4, step: 2 }, []],
    ['are one where all fits', 4, { size: 4, step: 2 }, [[0, 4, 0]]],
    [
      'share what they do not move on',
      8,
      { size: 4, step: 2 },
      [
        [0, 4, 0],
        [2, 6, 4],
        [4, 8, 6],
      ],
    ],
    [
      'end short',
      7,
      { size: 4, step: 2 },
      [
        [0, 4, 0],
        [2, 6, 4],
        [4, 7, 6],
      ],
    ],
    [
      'or reach back',
      7,
      { size: 4, step: 2, fillsLast: true },
      [
        [0, 4, 0],
        [2, 6, 4],
        [3, 7, 6],
      ],
    ],
    [
      'stand side by side',
      7,
      { size: 3, step: 3 },
      [
        [0, 3, 0],
        [3, 6, 3],
        [6, 7, 6],
      ],
    ],
    [
      'may begin with a shorter one',
      6,
      { size: 4, step: 2, first: 3 },
      [
        [0, 3, 0],
        [1, 5, 3],
        [3, 6, 5],
      ],
    ],
  ])('%s', (_, length, options, rows) => {
    expect(slidingWindows(length, options)).toEqual(rows.map(([begin, end, fresh]) => ({ begin, end, fresh })));
  });

  it('have each place new once, and are no longer than they may be', () => {
    const sizes = fc
      .integer({ min: 1, max: 12 })
      .chain(size => fc.tuple(fc.constant(size), fc.integer({ min: 1, max: size })));
    fc.assert(
      fc.property(fc.nat(60), sizes, fc.boolean(), (length, [size, step], fillsLast) => {
        const windows = slidingWindows(length, { size, step, fillsLast });
        const fresh = windows.flatMap(({ fresh, end }) => Array.from({ length: end - fresh }, (_, i) => fresh + i));
        expect(fresh).toEqual(Array.from({ length }, (_, i) => i));
        for (const { begin, end, fresh } of windows) {
          expect(end - begin).toBeLessThanOrEqual(size);
          expect(begin).toBeLessThanOrEqual(fresh);
        }
      }),
    );
  });
});

describe('the stride over a context', () => {
  it('is half of it unless another is asked for', () => {
    expect([strideOver(8), strideOver(7), strideOver(1), strideOver(8, 8), strideOver(8, 1)]).toEqual([4, 3, 1, 8, 1]);
  });
  it.each([0, 9, -1])('is not %i of 8', stride => {
    expect(() => strideOver(8, stride)).toThrow(expect.objectContaining({ code: 'TSLM_STRIDE' }));
  });
});
