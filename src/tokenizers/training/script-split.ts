/**
 * Where the writing changes, as SentencePiece's `split_by_unicode_script` has it: no token crosses from one script to another
 * or into punctuation and digits, and Chinese characters and kana are one script. Ranges are written out, because the
 * packages that read a tokenizer.json do not spell scripts alike.
 */

type Ranges = readonly (readonly [from: number, to: number])[];

const IDEOGRAPHS: Ranges = [
  [0x2e80, 0x2fdf],
  [0x3005, 0x3007],
  [0x3021, 0x3029],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x3fffd],
];
const KANA: Ranges = [
  [0x3041, 0x309f],
  [0x30a1, 0x30fa],
  [0x30fc, 0x30ff],
  [0x31f0, 0x31ff],
  [0xff66, 0xff9f],
];

/** Scripts that meet others without a space between them; all other letters are taken for one. */
const SCRIPTS: readonly Ranges[] = [
  [...IDEOGRAPHS, ...KANA],
  [
    [0x1100, 0x11ff],
    [0x3130, 0x318f],
    [0xac00, 0xd7a3],
  ], // Hangul
  [[0x0e00, 0x0eff]], // Thai and Lao
  [
    [0x0370, 0x03ff],
    [0x1f00, 0x1fff],
  ], // Greek
  [[0x0400, 0x052f]], // Cyrillic
  [[0x0590, 0x05ff]], // Hebrew
  [
    [0x0600, 0x06ff],
    [0x0750, 0x077f],
  ], // Arabic
];

const rangesOf = (ranges: Ranges): string =>
  ranges.map(bounds => bounds.map(code => String.fromCodePoint(code)).join('-')).join('');

const LETTER = '[\\p{L}\\p{M}]';
const alternatives = [
  ...SCRIPTS.map(ranges => `(?:(?=[${rangesOf(ranges)}])${LETTER})+`),
  `(?:(?![${SCRIPTS.map(rangesOf).join('')}])${LETTER})+`,
  '[^\\p{L}\\p{M}▁]+',
];

const split = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

/** After `Metaspace`, whose mark goes with what follows it. */
export const SCRIPT_SPLIT = split(`▁?(?:${alternatives.join('|')})|▁`);

/** Each Chinese character is a word, for they are written without spaces. */
export const IDEOGRAPH_SPLIT = split(`[${rangesOf(IDEOGRAPHS)}]`);
