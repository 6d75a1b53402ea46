import { describe, expect, test } from 'vitest';
import { repairCharacters } from '../../../../src/data/prepare/clean/characters.ts';
import { cleanText, type Repair } from '../../../../src/data/prepare/clean/clean.ts';
import { duplicateLineShare, repetitionFault, topNgramShare } from '../../../../src/data/prepare/clean/repetition.ts';
import { tidyWhiteSpace } from '../../../../src/data/prepare/clean/white-space.ts';
import { Units } from '../../../../src/data/prepare/units.ts';
import { randomChinese, randomText } from '../../helpers.ts';

const repaired = (text: string): string => repairCharacters(text, false).text;

const unitsOf = (text: string): Units => {
  const units = new Units();
  units.read(text);
  return units;
};

describe('characters', () => {
  test('are composed to NFC', () => {
    expect(repaired('e\u0301a\u0308 \u1112\u1161\u11ab')).toBe('éä 한');
  });

  test('that control nothing worth keeping go', () => {
    expect(repaired('a\u0000b\u0007c\u007fd\u0085e\u200bf\ufeffg\u00adh\u202ei')).toBe('abcd\nefghi');
    expect(repaired('tab\tand\nline')).toBe('tab\tand\nline');
  });

  test('that end lines become line feeds, unusual spaces plain ones, the ideographic space stays', () => {
    expect(repaired('a\r\nb\rc\fd\u2028e\u00a0f\u2003g\u3000h')).toBe('a\nb\nc\nd\ne f g\u3000h');
  });

  test('that join emoji and shape scripts stay', () => {
    expect(repaired('👩\u200d💻 می\u200cخواهم')).toBe('👩\u200d💻 می\u200cخواهم');
  });

  test('lost to encoding errors are counted and left out', () => {
    expect(repairCharacters('caf\ufffd au lait\ufffd', false)).toMatchObject({
      text: 'caf au lait',
      repairs: { encodingErrors: 2, controlCharacters: false, unicode: false },
    });
  });
});

describe('white space', () => {
  test('goes where it says nothing', () => {
    expect(tidyWhiteSpace('  \n\n  if x:\n    y  = 1 \t\n\n\n\nend\u3000\n\n')).toBe('  if x:\n    y  = 1\n\nend');
    expect(tidyWhiteSpace(' \n \t')).toBe('');
    expect(tidyWhiteSpace('unchanged\n\ntext')).toBe('unchanged\n\ntext');
  });
});

describe('cleaning', () => {
  test('reports what it repaired and gives up on what is no text', () => {
    const repairs: Repair[] = [];
    const result = cleanText('e\u0301\u0000 one\ufffd two three \n', false, repair => repairs.push(repair));
    expect(result).toEqual({ text: 'é one two three', undecodable: false });
    expect(repairs).toEqual(['encoding errors', 'Unicode form', 'control characters', 'white space']);
    expect(cleanText('\ufffd\ufffd\ufffd text', false, () => {}).undecodable).toBe(true);
  });
});

describe('repetition', () => {
  const limits = { maxDuplicateLines: 0.2, maxTopNgram: 0.2 };

  test('of lines counts the characters of lines that came before', () => {
    expect(duplicateLineShare('aaaa\nbb\n\naaaa\n\ncc')).toBeCloseTo(4 / 12);
    expect(duplicateLineShare('')).toBe(0);
  });

  test('of n-grams counts the characters of the most frequent', () => {
    // 'of the' three times, 5 characters each, of 15 + 4 × 4 characters.
    expect(topNgramShare(unitsOf('of the aaaa of the bbbb of the cccc dddd'), 2)).toBeCloseTo(15 / 31);
    expect(topNgramShare(unitsOf('one'), 2)).toBe(0);
  });

  test('removes spam and leaves ordinary text, in words and in characters', () => {
    const fault = (text: string) => repetitionFault(text, unitsOf(text), limits);
    expect(fault(randomText(500, 1))).toBeUndefined();
    expect(fault(randomChinese(500, 1))).toBeUndefined();
    expect(fault('buy cheap watches now '.repeat(100))).toBe('repeated n-grams');
    expect(fault(`${randomChinese(80, 2)}${'点击下载'.repeat(60)}`)).toBe('repeated n-grams');
    expect(fault(`${randomText(200, 3)}\n${`${randomText(40, 4).replaceAll('\n', '')}\n`.repeat(4)}`)).toBe(
      'duplicate lines',
    );
    expect(fault('la la la la')).toBeUndefined();
    // A name of two characters in every sentence is prose, though it is a 2-gram of more than a fifth of them.
    const named = randomChinese(1200, 5).replaceAll(/[^，。\n]{5}/g, five => `宝玉${five.slice(0, 3)}`);
    expect(topNgramShare(unitsOf(named), 2)).toBeGreaterThan(0.2);
    expect(fault(named)).toBeUndefined();
  });
});
