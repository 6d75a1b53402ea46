import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readArpa } from '../../src/ngram/arpa-read.ts';
import { fromArpaWord, toArpaWord } from '../../src/ngram/arpa-words.ts';
import { writeArpa } from '../../src/ngram/arpa-write.ts';
import { Lexicon } from '../../src/ngram/text.ts';
import { trainNgram } from '../../src/ngram/train.ts';
import { tokenVocabulary } from '../../src/ngram/vocabulary.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-arpa-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'model.arpa');

describe('words', () => {
  test('any token survives, and holds no white space on the way', () => {
    const awkward = fc.string({
      unit: fc.constantFrom(
        '\\',
        ' ',
        '\n',
        '\r',
        '\t',
        '\v',
        '\f',
        '\0',
        '<',
        '>',
        '/',
        's',
        'n',
        'e',
        'Ġ',
        '语',
        '😀',
      ),
    });
    fc.assert(
      fc.property(fc.oneof(awkward, fc.string({ unit: 'binary' })), token => {
        const word = toArpaWord(token);
        expect(word).toMatch(/^[^ \t\n\v\f\r\0]+$/);
        expect(fromArpaWord(word)).toBe(token);
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  test('what needs no escape is left alone, and the symbols are taken', () => {
    expect(['Ġthe', '▁of', '<unk>', '<|endoftext|>', '\u00a0'].map(toArpaWord)).toEqual([
      'Ġthe',
      '▁of',
      '<unk>',
      '<|endoftext|>',
      '\u00a0',
    ]);
    expect([' a', '\n', '', '<s>', '</s>', '\\s'].map(toArpaWord)).toEqual([
      '\\sa',
      '\\n',
      '\\e',
      '\\<s>',
      '\\</s>',
      '\\\\s',
    ]);
    expect(fromArpaWord('C:\\users\\x')).toBe('C:\\users\\x');
  });
});

test('a model of characters comes back with the same probabilities', () => {
  const lexicon = new Lexicon('characters');
  const tokens = lexicon.encode('so it goes \\ on\n\tand on\n\nand on it goes\n', { grow: true });
  const { model } = trainNgram(tokens, lexicon.vocabulary, { order: 4 });
  writeArpa(model, lexicon.words, path);
  const back = readArpa(path, 'characters');
  expect(back.lexicon.words).toHaveLength(lexicon.words.length);
  for (const text of ['so it goes\n', '\tgone \\\n', '?\n', '\n']) {
    const expected = model.score(lexicon.encode(text)).logProb;
    expect(back.model.score(back.lexicon.encode(text)).logProb).toBeCloseTo(expected, 4);
  }
});

test('the end token of a corpus is </s> where it ends a document and <s> where it begins one', () => {
  const words = ['a', ' b', '<s>', '<|end|>'];
  const documents = [0, 1, 2, 3, 3, 0, 1, 1, 3];
  const { model } = trainNgram(documents, tokenVocabulary(4, 3), { order: 3 });
  writeArpa(model, words, path);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines[1]).toBe('ngram 1=5');
  const ngrams = lines.map(line => line.split('\t')[1]).filter(Boolean);
  expect(ngrams).toEqual(expect.arrayContaining(['<s>', '</s>', '<s> </s>', '<s> a \\sb', '\\sb \\<s> </s>']));
  const back = readArpa(path);
  const inFile = [0, 1, 2].map(id => back.lexicon.words.indexOf(id === 2 ? '\\<s>' : words[id]));
  inFile.push(back.model.vocabulary.end!);
  expect(back.model.score(documents.map(id => inFile[id])).logProb).toBeCloseTo(model.score(documents).logProb, 4);
});

test('a sequence without ends has a </s> of probability 0 for other programs', () => {
  writeArpa(trainNgram([0, 1, 0, 1, 1], tokenVocabulary(2), { order: 2 }).model, ['a', 'b', ''], path);
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines).toContain('-99\t</s>\t0');
  expect(lines[1]).toBe('ngram 1=4');
});

test('reads the layouts of other programs', () => {
  writeFileSync(
    path,
    'made by hand\r\n\r\n\\data\\\r\nngram 1=4\r\nngram 2=2\r\n\r\n\\1-grams:\r\n-99 <s> -0.5\r\n-1 </s>\r\n-0.5 \u00a0 -0.25\r\n' +
      '-0.75\tb\r\n\r\n\\2-grams:\r\n-0.1\t\u00a0 b\r\n-0.2\t<s> \u00a0\r\n\r\n\\end\\\r\n',
  );
  const { model, lexicon } = readArpa(path);
  const logProb = (text: string) => model.score(lexicon.encode(text)).logProb / Math.LN10;
  expect(logProb('\u00a0 b\n')).toBeCloseTo(-0.2 - 0.1 - 1, 5);
  expect(logProb('b \u00a0\n')).toBeCloseTo(-0.5 - 0.75 - 0.5 - 0.25 - 1, 5);
  // There is no <unk> in the file: 10^-100, as in KenLM.
  expect(logProb('c\n')).toBeCloseTo(-0.5 - 100 - 1, 4);
});

const HEAD = '\\data\\\nngram 1=3\nngram 2=1\n\n\\1-grams:\n0\t<s>\t0\n-1\t</s>\t0\n';
test.each([
  ['', /expected '\\data\\'/],
  [`${HEAD}-1\ta\t0\n\n\\2-grams:\n-1\ta b\n\n\\end\\\n`, /:11: 'b' is not among the unigrams/],
  [`${HEAD}-1\ta\t0\n\n\\2-grams:\n-x\ta a\n\n\\end\\\n`, /:11: expected a probability, 2 words/],
  [`${HEAD}-1\ta\t0\n\n\\2-grams:\n-1\ta a\n`, /expected '\\end\\'/],
  [`${HEAD}-1\ta\t0\n\n\\3-grams:\n`, /:10: expected '\\2-grams:'/],
  [`${HEAD}-1\t<s>\t0\n\n\\2-grams:\n`, /a word is listed twice/],
  ['\\data\\\nngram 1=1\n\n\\1-grams:\n-1\ta\n\\end\\\n', /the unigrams lack <s>/],
  ['\\data\\\nngram 2=1\n', /expected 'ngram 1=/],
])('a malformed file is refused with its line: %#', (content, message) => {
  writeFileSync(path, content);
  expect(() => readArpa(path)).toThrow(
    expect.objectContaining({ code: 'TSLM_BAD_ARPA', message: expect.stringMatching(message) }),
  );
});

test('an n-gram whose context is not listed, or that is listed twice, is refused', () => {
  const head =
    '\\data\\\nngram 1=3\nngram 2=2\nngram 3=1\n\n\\1-grams:\n0\t<s>\t0\n-1\t</s>\t0\n-1\ta\t0\n\n\\2-grams:\n-1\ta a\t0\n';
  writeFileSync(path, `${head}-1\ta </s>\t0\n\n\\3-grams:\n-1\t<s> a a\n\n\\end\\\n`);
  expect(() => readArpa(path)).toThrow(/'<s> a' is extended here but not listed itself/);
  writeFileSync(path, `${head}-1\ta a\t0\n\n\\3-grams:\n-1\ta a a\n\n\\end\\\n`);
  expect(() => readArpa(path)).toThrow(/length 2 is listed twice/);
});
