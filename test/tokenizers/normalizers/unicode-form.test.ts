import { describe, expect, it } from 'vitest';
import { AlignedText } from '../../../src/tokenizers/aligned-text.ts';
import { type Form, normalizeForm } from '../../../src/tokenizers/normalizers/unicode-form.ts';

describe.each(['NFC', 'NFD', 'NFKC', 'NFKD'] as Form[])('%s', form => {
  it.each([
    ['one mark', `a${'\u0301'.repeat(200)}`],
    ['marks in the wrong order', `a${'\u0301\u0327\u0334'.repeat(70)}b\u0308\u0323 한글`],
    ['marks without a letter', `${'\u0345\u0300'.repeat(100)}ﬁ\u1100\u1161\u11a8`],
    ['marks that decompose', `e${'\u0344\u0323'.repeat(80)}`],
  ])('of many marks in a row is what String.normalize gives: %s', (_name, text) => {
    expect(normalizeForm(AlignedText.of(text), form).text).toBe(text.normalize(form));
  });
});

it('leaves normal text with many marks as it is', () => {
  const text = AlignedText.of(`x${'\u0300'.repeat(100)}`);
  expect(normalizeForm(text, 'NFD')).toBe(text);
});
