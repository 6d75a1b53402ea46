import { expect, it } from 'vitest';
import { combiningClass } from '../../../src/tokenizers/normalizers/combining-class.ts';

it('sorts marks as Unicode does', () => {
  // Classes 0, 1, 9, 202, 220, 230, 230, 240 in UnicodeData.txt
  const classes = ['a', '\u0338', '\u094d', '\u0327', '\u0323', '\u0301', '\u0308', '\u0345'].map(combiningClass);
  expect(classes[0]).toBe(0);
  expect(classes).toEqual(classes.toSorted((a, b) => a - b));
  expect(new Set(classes).size).toBe(7);
  expect(classes[5]).toBe(classes[6]);
});
