import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forEachGrapheme } from '../../../src/tokenizers/normalizers/graphemes.ts';

/** Letters, marks, jamo, Indic scripts, emoji with their modifiers, flags, line ends and joiners. */
const BLOCKS = [
  [0x20, 0x7f],
  [0x00, 0x2ff],
  [0x300, 0x36f],
  [0x600, 0x6ff],
  [0x900, 0xeff],
  [0x1100, 0x11ff],
  [0xac00, 0xac40],
  [0xd7b0, 0xd7fb],
  [0x200b, 0x200f],
  [0x1f1e6, 0x1f1ff],
  [0x1f3fb, 0x1f3ff],
  [0x1f468, 0x1f469],
  [0x0a, 0x0d],
  [0xfe0f, 0xfe0f],
  [0x11000, 0x11fff],
] as const;

it('gives what a segmenter gives for the whole text', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const char = fc.oneof(
    ...BLOCKS.map(([min, max]) => fc.integer({ min, max }).map(code => String.fromCodePoint(code))),
  );
  fc.assert(
    fc.property(fc.string({ unit: char, maxLength: 12 }), text => {
      const clusters: string[] = [];
      forEachGrapheme(text, cluster => clusters.push(cluster));
      expect(clusters).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment));
    }),
    { numRuns: process.env.TSLM_LONG ? 200_000 : 3000 },
  );
});
