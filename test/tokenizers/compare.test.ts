import { beforeAll, describe, expect, it } from 'vitest';
import { compareTokenizers, segmentText } from '../../src/tokenizers/compare.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { scriptOf, scriptOfCharacter } from '../../src/tokenizers/unicode/scripts.ts';

let char: Tokenizer;
let bytes: Tokenizer;

beforeAll(async () => {
  char = await trainTokenizer(['abc 中'], { kind: 'char', minFrequency: 1, initialAlphabet: [] });
  bytes = await trainTokenizer([''], { vocabSize: 257 });
});

it('finds the script of characters and of tokens', () => {
  expect(['a', 'я', '中', 'あ', '1', ' ', '\u0301', '𐍈'].map(scriptOfCharacter)).toEqual([
    'Latin',
    'Cyrillic',
    'Han',
    'Hiragana',
    'Common',
    'Common',
    'Common',
    'Other',
  ]);
  expect(scriptOf('(1) 中a')).toBe('Han');
});

describe('tokenizers on a text', () => {
  it('are measured by characters, words, bytes and scripts', async () => {
    // Two pieces: 9 characters, 13 bytes, and the words `ab`, `cz`, `中` and `中`.
    const [chars, raw] = await compareTokenizers([char, bytes], ['ab cz 中', '中 ']);
    expect(chars).toMatchObject({ vocabSize: 7, used: 6, tokens: 9, unknown: 1, fallbackBytes: 0 });
    expect(chars.tokensPerCharacter).toBe(1);
    expect(chars.tokensPerWord).toBe(9 / 4);
    expect(chars.bytesPerToken).toBe(13 / 9);
    expect(chars.coverage).toBeCloseTo(8 / 9, 12);
    expect(chars.scripts).toEqual({
      Latin: { vocabulary: 5, characters: 4, words: 2, tokens: 4, unknown: 1, uncovered: 1 },
      Common: { vocabulary: 1, characters: 3, words: 0, tokens: 3, unknown: 0, uncovered: 0 },
      Han: { vocabulary: 1, characters: 2, words: 2, tokens: 2, unknown: 0, uncovered: 0 },
    });
    expect(raw).toMatchObject({ tokens: 13, bytesPerToken: 1, coverage: 1, unknown: 0 });
    expect(raw.scripts.Han.tokens).toBe(6);
  });

  it('of nothing are not divided by zero', async () => {
    const [score] = await compareTokenizers([char], []);
    expect(score).toMatchObject({ tokens: 0, tokensPerWord: 0, bytesPerToken: 0, coverage: 1 });
  });

  it('show where they cut it', () => {
    expect(segmentText(char, 'az').map(({ text, unknown }) => [text, unknown])).toEqual([
      ['a', false],
      ['z', true],
    ]);
    expect(segmentText(bytes, 'a中').map(({ text, start }) => [text, start])).toEqual([
      ['a', 0],
      ['中', 1],
      ['', 1],
      ['', 1],
    ]);
  });
});
