import { describe, expect, test } from 'vitest';
import { SCRIPTS, Units } from '../../../src/data/prepare/units.ts';

function read(text: string): Units {
  const units = new Units();
  units.read(text);
  return units;
}

const lengths = (text: string): number[] => {
  const units = read(text);
  return [...units.lengths.subarray(0, units.count)];
};

describe('units', () => {
  test('are words where spaces separate, and characters where they do not', () => {
    expect(lengths('The cat, 42 mice – don’t!')).toEqual([3, 3, 2, 4, 3, 1]);
    expect(lengths('天地玄黄。')).toEqual([1, 1, 1, 1]);
    expect(lengths('用GPT写诗')).toEqual([1, 3, 1, 1]);
    expect(lengths('ひらがな한국어 ภา')).toEqual([1, 1, 1, 1, 3, 1, 1]);
    expect(lengths(' \n\t.,')).toEqual([]);
  });

  test('are equal exactly when their text is', () => {
    const { hashes } = read('one two one One');
    expect(hashes[0]).toBe(hashes[2]);
    expect(new Set([hashes[0], hashes[1], hashes[3]]).size).toBe(3);
  });

  test('come with counts of code points and of scripts', () => {
    const units = read('aé 天𠀀😀Ж');
    expect(units.characters).toBe(7);
    expect(units.scripts[SCRIPTS.indexOf('Latin')]).toBe(2);
    expect(units.scripts[SCRIPTS.indexOf('Han')]).toBe(2);
    expect(units.scripts[SCRIPTS.indexOf('Cyrillic')]).toBe(1);
    units.read('x'.repeat(100_000));
    expect(units.characters).toBe(100_000);
    expect(units.scripts[0]).toBe(100_002);
  });
});
