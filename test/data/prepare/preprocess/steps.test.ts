import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stripAccents } from '../../../../src/data/prepare/preprocess/accents.ts';
import { chineseScript } from '../../../../src/data/prepare/preprocess/chinese-script.ts';
import { lowerCase } from '../../../../src/data/prepare/preprocess/lower-case.ts';
import { stripPunctuation } from '../../../../src/data/prepare/preprocess/punctuation.ts';
import { betweenPlaceholders, replaceKind } from '../../../../src/data/prepare/preprocess/replacements.ts';
import { removeStopWords, stopWordList } from '../../../../src/data/prepare/preprocess/stop-words.ts';
import { unicodeForm } from '../../../../src/data/prepare/preprocess/unicode-form.ts';
import { errorOf, scratchFolder } from '../../helpers.ts';

const scratch = scratchFolder();

test('lower case', () => {
  expect(lowerCase('Ärger IN Οδός, 天地 ΣΑΣ')).toEqual({ text: 'ärger in οδός, 天地 σας', characters: 7 });
  expect(lowerCase('nothing 1')).toEqual({ text: 'nothing 1', characters: 0 });
});

describe('accents', () => {
  test.each([
    ['Crème brûlée, naïve señor', 'Creme brulee, naive senor', 5],
    ['Va\u0301clav ệ', 'Vaclav e', 2],
    ['йод', 'иод', 1],
    ['øł ß 天地 हिन्दी が 한국', 'øł ß 天地 हिन्दी が 한국', 0],
  ])('%s', (text, expected, characters) => {
    expect(stripAccents(text)).toEqual({ text: expected, characters });
  });
});

describe('Unicode form', () => {
  test.each([
    ['Cafe\u0301', 'NFC', 'Café', 2],
    ['Café', 'NFD', 'Cafe\u0301', 1],
    ['Ａ１ ﬁ ①', 'NFKC', 'A1 fi 1', 4],
    ['\u1112\u1161\u11ab', 'NFC', '한', 3],
    ['한', 'NFKD', '\u1112\u1161\u11ab', 1],
    ['plain', 'NFKC', 'plain', 0],
  ] as const)('%s in %s', (text, form, expected, characters) => {
    expect(unicodeForm(text, form)).toEqual({ text: expected, characters });
  });
});

describe('Chinese script', () => {
  test.each([
    ['漢語，Hello 乾燥與後來', 'simplified', '汉语，Hello 干燥与后来', 5],
    ['头发发展', 'traditional', '頭髮發展', 4],
    ['天地', 'simplified', '天地', 0],
  ] as const)('%s to %s', (text, script, expected, characters) => {
    const changed = chineseScript(text, script);
    expect(changed.text).toBe(expected);
    expect(changed.characters).toBe([...text].filter((character, i) => character !== [...expected][i]).length);
    expect(changed.characters).toBeGreaterThanOrEqual(characters === 0 ? 0 : characters - 1);
  });
});

describe('replacements', () => {
  test.each([
    ['urls', 'see http://a.example/x?y=1#z. And (https://b.example)', 'see <url>. And (<url>)'],
    ['urls', '网址www.a.example/页 x', '网址<url>页 x'],
    ['urls', 'awww.no httpx://y me@www.example.com', 'awww.no httpx://y me@www.example.com'],
    ['emails', 'to a.b+c@mail.example.com, or @home x@y', 'to <email>, or @home x@y'],
    [
      'numbers',
      'in 1984, 3.14 and 1,000 or 5 % at 10:30.',
      'in <number>, <number> and <number> or <number> at <number>.',
    ],
    ['numbers', 'mp3 3rd x_1 v1.2 ６６', 'mp3 3rd x_1 v1.2 <number>'],
    ['numbers', '在2024年5月', '在<number>年<number>月'],
  ] as const)('%s in %s', (kind, text, expected) => {
    expect(replaceKind(text, kind).text).toBe(expected);
  });

  test('count the characters that were replaced, and stay in later steps', () => {
    expect(replaceKind('a 12 b 345', 'numbers').characters).toBe(5);
    expect(betweenPlaceholders('A <url> B, C', stripPunctuation)).toEqual({ text: 'A <url> B C', characters: 1 });
    const slow = 'a'.repeat(50_000);
    for (const kind of ['urls', 'emails', 'numbers'] as const) {
      expect(replaceKind(slow, kind).characters).toBe(0);
      expect(replaceKind('1'.repeat(50_000), kind).characters).toBe(kind === 'numbers' ? 50_000 : 0);
    }
  });
});

describe('punctuation', () => {
  test.each([
    ['Well-known, “isn’t” it?', 'Well known isnt it', 6],
    ['天，地。玄黄！', '天 地 玄黄', 3],
    ['a - b = c_d $5', 'a b c d 5', 4],
    ['line.\n  indent', 'line\n  indent', 1],
    ['as it is', 'as it is', 0],
  ])('%s', (text, expected, characters) => {
    expect(stripPunctuation(text)).toEqual({ text: expected, characters });
  });
});

describe('stop words', () => {
  const english = new Set(stopWordList('english').words);
  const chinese = new Set(stopWordList('chinese').words);

  test('English', () => {
    expect(removeStopWords('The cat and the hat, like the Bat', english)).toEqual({
      text: 'cat hat, Bat',
      characters: 3 + 3 + 3 + 4 + 3,
    });
    expect(removeStopWords('theory of', english).text).toBe('theory ');
  });

  test('Chinese, by words and not by characters', () => {
    expect(removeStopWords('他和我的目的是学习', chinese).text).toBe('我的目的学习');
  });

  test('of a file, a word a line', async () => {
    const file = join(scratch, 'words.txt');
    writeFileSync(file, "Cat\r\n\r\ndon't\n");
    const { words, name, sha256 } = stopWordList(file);
    expect([words, name, sha256.length]).toEqual([['cat', "don't"], file, 64]);
    expect(removeStopWords('cats Don’t cat me', new Set(words)).text).toBe('cats me');
    expect(await errorOf(() => stopWordList('englsh'))).toMatchObject({ exitCode: 2, hint: "did you mean 'english'?" });
    writeFileSync(file, '\n');
    expect((await errorOf(() => stopWordList(file))).message).toContain('has no words');
    writeFileSync(file, Uint8Array.of(0xff, 0xfe, 0xff));
    expect(await errorOf(() => stopWordList(file))).toMatchObject({ code: 'TSLM_UNKNOWN_ENCODING' });
  });
});
