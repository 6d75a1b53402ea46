import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forEachGrapheme } from '../../../src/tokenizers/normalizers/graphemes.ts';

/** Joins consonants; in which scripts it does depends on the version of Unicode. */
const LINKER = /[\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u{11000}-\u{11fff}]/u;

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

const clustersOf = (text: string): string[] => {
  const clusters: string[] = [];
  forEachGrapheme(text, cluster => clusters.push(cluster));
  return clusters;
};

it('gives what a segmenter gives for the whole text', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
  const char = fc.oneof(
    ...BLOCKS.map(([min, max]) => fc.integer({ min, max }).map(code => String.fromCodePoint(code))),
  );
  fc.assert(
    fc.property(fc.string({ unit: char, maxLength: 12 }), text => {
      fc.pre(!LINKER.test(text));
      expect(clustersOf(text)).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment));
    }),
    { numRuns: process.env.TSLM_LONG ? 40_000 : 3000 },
  );
});

it.each([
  ['क्षि', ['क्षि']],
  ['क\u094d\u200dष', ['क\u094d\u200dष']],
  ['कष', ['क', 'ष']],
  ['\u{110bd}\u{11083}', ['\u{110bd}\u{11083}']],
  ['🇩🇪🇫🇷🇮', ['🇩🇪', '🇫🇷', '🇮']],
  ['👩\u200d👧\u200da', ['👩\u200d👧\u200d', 'a']],
])('%j', (text, clusters) => {
  expect(clustersOf(text)).toEqual(clusters);
});
