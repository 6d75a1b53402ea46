import { describe, expect, test } from 'vitest';
import { languageOf, requireLanguage, sentenceStarts } from '../../src/data/sentences.ts';
import { createRandom } from '../../src/support/random.ts';
import { errorOf } from './helpers.ts';

const startsOfSegmenter = (text: string, locale: string): number[] =>
  Array.from(new Intl.Segmenter(locale, { granularity: 'sentence' }).segment(text), ({ index }) => index);

describe('sentence starts', () => {
  test('are those of the segmenter, whatever the window', () => {
    const pieces = [
      'a', 'B', 'e', 'é', '.', '. ', '! ', '!', '。', '？', '”', '"', '(', ')', ' ', '\n', '\r\n', '3', '天', '…', '，',
      '\u0301', '\u200d', '\u2029', 'Mr. ', '-', '😀',
    ]; // biome-ignore format: one list
    const random = createRandom(1);
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: 1 + random.below(60) }, () => pieces[random.below(pieces.length)]).join('');
      const window = [1, 3, 8, 2048][i % 4];
      for (const locale of ['en', 'zh']) {
        expect(sentenceStarts(text, locale, { window }), JSON.stringify(text)).toEqual(startsOfSegmenter(text, locale));
      }
    }
  });

  test('of a long text without line ends take time in proportion to its length', () => {
    const text = `${'Word '.repeat(10)}ends. And so. `.repeat(20_000);
    const started = performance.now();
    expect(sentenceStarts(text)).toHaveLength(40_000);
    // The segmenter alone takes minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('of English and Chinese', () => {
    const cut = (text: string): string[] => {
      const starts = sentenceStarts(text);
      return starts.map((start, i) => text.slice(start, starts[i + 1]));
    };
    expect(cut('He said “No.” Then he left! Why?\nA new line')).toEqual([
      'He said “No.” ',
      'Then he left! ',
      'Why?\n',
      'A new line',
    ]);
    expect(cut('他说：“好。”然后走了。真的？！是……')).toEqual(['他说：“好。”', '然后走了。', '真的？！', '是……']);
    expect(cut('')).toEqual([]);
  });
});

test('a text is Chinese when most of its letters are', () => {
  expect(languageOf('天地玄黄，宇宙洪荒。')).toBe('zh');
  expect(languageOf('The word 天地 means heaven and earth.')).toBe('en');
  expect(languageOf('他用 iPhone 拍了照片。')).toBe('zh');
  expect(languageOf('123')).toBe('en');
});

test('a language that the rules do not know is refused', async () => {
  for (const language of ['auto', 'en', 'zh', 'zh-CN', 'de']) requireLanguage(language);
  for (const language of ['klingon', 'no such', '']) {
    expect(await errorOf(() => requireLanguage(language))).toMatchObject({ code: 'TSLM_BAD_VALUE', exitCode: 2 });
  }
});
