import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineWriter } from '../../src/ngram/line-writer.ts';

function written(write: (out: LineWriter) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-lines-'));
  try {
    const fd = openSync(join(folder, 'file'), 'w');
    const out = new LineWriter(fd);
    write(out);
    out.flush();
    closeSync(fd);
    return readFileSync(join(folder, 'file'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('decimals are the shortest with at most seven places', () => {
  const numbers: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [-10, '-10'],
    [-0.5, '-0.5'],
    [-12.25, '-12.25'],
    [0.0000001, '0.0000001'],
    [-0.00000004, '0'],
    [-99, '-99'],
    [1234567.8901234, '1234567.8901234'],
    [-2.12345678, '-2.1234568'],
  ];
  for (const [value, expected] of numbers) expect(written(out => out.decimal(value))).toBe(expected);
});

test('any decimal reads as the number it was, to half a unit of the last place', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -200, max: 200, noNaN: true }), { minLength: 20, maxLength: 20 }), values => {
      const lines = written(out => {
        for (const value of values) {
          out.decimal(value);
          out.byte(0x0a);
        }
      }).split('\n');
      for (const [i, value] of values.entries()) expect(Math.abs(Number(lines[i]) - value)).toBeLessThan(5.001e-8);
    }),
    { numRuns: 30, seed: 6 },
  );
});

test('nothing is lost where the buffer is full', () => {
  const word = 'naïve ';
  const long = 'x'.repeat(3_000_000);
  const text = written(out => {
    for (let i = 0; i < 300_000; i++) out.text(word);
    out.text(long);
    out.text(word);
  });
  expect(text).toBe(word.repeat(300_000) + long + word);
});
