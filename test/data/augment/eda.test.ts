import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  deleteWords,
  EDA_OPERATIONS,
  type EdaOptions,
  edaTagged,
  edaText,
  insertSynonyms,
  replaceBySynonyms,
  requireSynonyms,
  swapWords,
} from '../../../src/data/augment/eda.ts';
import { type Lexicon, lexiconOf, readSynonyms } from '../../../src/data/augment/lexicon.ts';
import { randomOfVariant } from '../../../src/data/augment/random.ts';
import { sequenceOfTags, sequenceOfText, textOf } from '../../../src/data/augment/units.ts';
import { createRandom } from '../../../src/support/random.ts';
import { errorOf, scratchFolder, writeFiles } from '../helpers.ts';

const scratch = scratchFolder();
/** Every word but stop words has one synonym, itself and a q. */
const marked: Lexicon = { ...lexiconOf(), synonymsOf: word => [`${word.toLowerCase()}q`] };
const text = 'The quick brown fox, which is red, jumps over the lazy dog and sleeps.';
const chinese = '我们今天去北京看天安门广场。';

const wordsOf = (value: string): string[] => sequenceOfText(value).units.map(({ words }) => words[0]);
const sorted = (value: string): string[] => wordsOf(value).sort();

describe('a text as units', () => {
  test.each([text, chinese, '', '  ', '(a) b', "don't"])('%j is all of it', value => {
    expect(textOf(sequenceOfText(value))).toBe(value);
  });

  test('are words: of Chinese those of the segmenter', () => {
    expect(wordsOf(chinese)).toEqual(['我们', '今天', '去', '北京', '看', '天安门', '广场']);
  });
});

describe('synonym replacement', () => {
  test.each([0, 1, 2, 5, 100])('replaces n words that are no stop words: %i', n => {
    const replaced = textOf(replaceBySynonyms(sequenceOfText(text), n, marked, createRandom(n)));
    const changed = wordsOf(replaced).filter((word, i) => word !== wordsOf(text)[i]);
    // quick brown fox red jumps lazy dog sleeps; the others are stop words
    expect(changed).toHaveLength(Math.min(n, 8));
    for (const word of changed) expect(word.endsWith('q')).toBe(true);
    expect(replaced.replace(/(?<=\w{2})q\b/g, '')).toBe(text.replace(/(?<=\w{2})q\b/g, ''));
  });

  test('chooses each word and each synonym equally often', () => {
    const lexicon: Lexicon = { ...marked, synonymsOf: word => (word === 'cat' ? [] : ['one', 'two']) };
    const counts = new Map<string, number>();
    const random = createRandom(3);
    for (let i = 0; i < 6000; i++) {
      const drawn = textOf(replaceBySynonyms(sequenceOfText('red cat blue dog'), 1, lexicon, random));
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('writes a synonym as the word is written', () => {
    const all = (value: string) => textOf(replaceBySynonyms(sequenceOfText(value), 9, marked, createRandom(1)));
    expect(all('Quick FOX dog')).toBe('Quickq FOXQ dogq');
    expect(all(chinese)).toContain('北京q');
  });
});

describe('random insertion', () => {
  test.each([1, 3])('puts n synonyms of words of the text at random places: %i', n => {
    for (let seed = 0; seed < 50; seed++) {
      const words = wordsOf(textOf(insertSynonyms(sequenceOfText(text), n, marked, createRandom(seed))));
      const added = words.filter(word => word.endsWith('q'));
      expect(added).toHaveLength(n);
      for (const word of added) expect(wordsOf(text)).toContain(word.slice(0, -1));
      expect(words.filter(word => !added.includes(word))).toEqual(wordsOf(text));
    }
  });

  test('at every place, the ends too, with a space where words have one', () => {
    const random = createRandom(2);
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) seen.add(textOf(insertSynonyms(sequenceOfText('red dog.'), 1, marked, random)));
    expect([...seen].sort()).toEqual(
      ['redq red dog.', 'red redq dog.', 'red dog redq.', 'dogq red dog.', 'red dogq dog.', 'red dog dogq.'].sort(),
    );
    const lexicon: Lexicon = { ...marked, synonymsOf: word => (word === '北京' ? ['首都'] : []) };
    const inserted = textOf(insertSynonyms(sequenceOfText('看北京。'), 1, lexicon, createRandom(1)));
    expect(['首都看北京。', '看首都北京。', '看北京首都。']).toContain(inserted);
  });

  test('does nothing where no word has a synonym', () => {
    expect(textOf(insertSynonyms(sequenceOfText('the and of'), 2, marked, createRandom(1)))).toBe('the and of');
  });
});

describe('random swap', () => {
  test('exchanges two words, n times, and leaves what is between them', () => {
    for (let seed = 0; seed < 50; seed++) {
      const once = textOf(swapWords(sequenceOfText(text), 1, createRandom(seed)));
      expect(wordsOf(once).filter((word, i) => word !== wordsOf(text)[i])).toHaveLength(2);
      expect(once.replace(/\w+/g, '')).toBe(text.replace(/\w+/g, ''));
      expect(sorted(textOf(swapWords(sequenceOfText(text), 4, createRandom(seed))))).toEqual(sorted(text));
    }
    expect(textOf(swapWords(sequenceOfText('alone.'), 3, createRandom(1)))).toBe('alone.');
  });
});

describe('random deletion', () => {
  test('leaves each word out with probability p', () => {
    const random = createRandom(5);
    const long = Array.from({ length: 2000 }, (_, i) => `w${i}`).join(' ');
    const kept = wordsOf(textOf(deleteWords(sequenceOfText(long), 0.2, random)));
    expect(Math.abs(kept.length - 1600)).toBeLessThan(60);
    expect(kept).toEqual(wordsOf(long).filter(word => kept.includes(word)));
  });

  test('leaves one word at least, and punctuation', () => {
    const random = createRandom(6);
    const only = new Set(Array.from({ length: 60 }, () => textOf(deleteWords(sequenceOfText('a b c'), 0.999, random))));
    expect([...only].sort()).toEqual(['a', 'b', 'c']);
    const texts = new Set(
      Array.from({ length: 300 }, () => textOf(deleteWords(sequenceOfText('one, two three.'), 0.34, random))),
    );
    for (const expected of ['one, three.', 'one, two.', 'one.', 'three.', 'one, two three.']) {
      expect(texts).toContain(expected);
    }
    for (const found of texts) expect(found).not.toMatch(/ {2}| \.| $|^[ ,]/);
  });
});

describe('a variant', () => {
  const options: EdaOptions = { lexicon: marked };

  test('is by one of the operations, each as often as the others', () => {
    const counts = { synonym: 0, insert: 0, swap: 0, delete: 0, none: 0 };
    for (let i = 0; i < 4000; i++) {
      const variant = edaText(text, { ...options, alpha: 0.15 }, randomOfVariant(1, 0, i));
      const [before, after] = [wordsOf(text), wordsOf(variant)];
      if (variant === text) counts.none++;
      else if (after.length > before.length) counts.insert++;
      else if (after.length < before.length) counts.delete++;
      else if (sorted(variant).join() === sorted(text).join()) counts.swap++;
      else counts.synonym++;
    }
    for (const name of ['synonym', 'insert', 'swap'] as const) {
      expect(Math.abs(counts[name] - 1000), name).toBeLessThan(130);
    }
    expect(Math.abs(counts.delete + counts.none - 1000)).toBeLessThan(130);
  });

  test('changes n = α·l words, one at least', () => {
    const long = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
    for (const [alpha, n] of [
      [0.1, 4],
      [0.01, 1],
      [0.5, 20],
    ] as const) {
      // biome-ignore format: one list
      const variant = edaText(long, { ...options, alpha, operations: ['synonym'] }, createRandom(1));
      expect(wordsOf(variant).filter(word => word.endsWith('q'))).toHaveLength(n);
    }
  });

  test('follows from the generator alone', () => {
    for (const value of [text, chinese]) {
      const draw = () => Array.from({ length: 20 }, (_, i) => edaText(value, options, randomOfVariant(7, 0, i)));
      expect(draw()).toEqual(draw());
      expect(new Set(draw()).size).toBeGreaterThan(8);
    }
    for (const empty of ['', ' ', '…']) expect(edaText(empty, options, createRandom(1))).toBe(empty);
  });
});

describe('a tagged sentence', () => {
  const tokens = ['Ann', 'Lee', 'of', 'New', 'York', 'City', 'likes', 'green', 'apples'];
  const tags = ['B-PER', 'I-PER', 'O', 'B-LOC', 'I-LOC', 'I-LOC', 'O', 'O', 'O'];
  const tagOf = new Map(tokens.map((token, i) => [token, tags[i]]));

  test('has entities as units', () => {
    expect(sequenceOfTags(tokens, tags).units.map(({ words }) => words.length)).toEqual([2, 1, 3, 1, 1, 1]);
    expect(sequenceOfTags(['a', 'b', 'c'], ['B-A', 'B-A', 'I-B']).units).toHaveLength(3);
    expect(sequenceOfTags(['a', 'b'], [1, 2]).units).toHaveLength(2);
  });

  test.each(EDA_OPERATIONS)('keeps tags and entities whole: %s', operation => {
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const options = { alpha: 0.3, operations: [operation], lexicon: marked };
      const variant = edaTagged({ tokens, tags }, options, randomOfVariant(1, 0, i));
      seen.add(variant.tokens.join(' '));
      expect(variant.tokens).toHaveLength(variant.tags.length);
      for (const [k, token] of variant.tokens.entries()) {
        const word = tagOf.has(token) ? token : token.replace(/q$/, '');
        expect(variant.tags[k], token).toBe(tagOf.get(word));
      }
      const joined = variant.tokens.join(' ');
      for (const entity of ['Ann Lee', 'New York City']) {
        const isThere = joined.includes(entity);
        const parts = entity.split(' ').filter(part => variant.tokens.includes(part));
        expect(isThere ? entity.split(' ') : []).toEqual(parts);
      }
    }
    expect(seen.size).toBeGreaterThan(2);
  });
});

describe('synonyms', () => {
  test('come from a file with tabs', async () => {
    const folder = writeFiles(scratch, {
      'good.txt': '\ufeffbig\tlarge\tgreat\r\n\r\nbig\thuge\tlarge\n高兴\t愉快\n',
      'bad.txt': 'big\tlarge\nsmall little\n',
    });
    const { synonymsOf, fingerprint } = readSynonyms(join(folder, 'good.txt'));
    expect(synonymsOf('Big')).toEqual(['large', 'great', 'huge']);
    expect(synonymsOf('高兴')).toEqual(['愉快']);
    expect(synonymsOf('small')).toEqual([]);
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect((await errorOf(() => readSynonyms(join(folder, 'bad.txt')))).message).toContain('line 2');
    expect(await errorOf(() => readSynonyms(join(folder, 'none.txt')))).toMatchObject({ code: 'TSLM_ENOENT' });
  });

  test('are needed by two operations', async () => {
    requireSynonyms(['swap', 'delete'], false, '');
    requireSynonyms(['synonym'], true, '');
    const error = await errorOf(() => requireSynonyms(['swap', 'insert'], false, 'give some'));
    expect(error).toMatchObject({ code: 'TSLM_NO_SYNONYMS', exitCode: 2, hint: 'give some' });
    expect(error.message).toContain("'insert'");
  });
});
