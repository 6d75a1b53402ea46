import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { countCooccurrences } from '../../../src/vectors/training/cooccurrences.ts';
import { readWords } from '../../../src/vectors/training/read-words.ts';
import { wordsOf } from '../../../src/vectors/training/words.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('words', () => {
  it.each([
    ["Don't stop, New_York! It’s 1984.", ["don't", 'stop', 'new_york', "it's", '1984']],
    ["'quoted' _emphasis_ rock'n'roll", ['quoted', 'emphasis', "rock'n'roll"]],
    ['naïve Ångström STRAẞE', ['naïve', 'ångström', 'straße']],
    ['well-known <unk> @-@', ['well', 'known']],
    ['我喜欢北京的春天', ['我', '喜欢', '北京', '的', '春天']],
    ['用GPU训练', ['用', 'gpu', '训练']],
  ])('of %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('keep their case, or all between white space, if asked to', () => {
    expect(wordsOf('The U.S.', { lowercase: false })).toEqual(['The', 'U', 'S']);
    expect(wordsOf('The U.S. <unk>', { rule: 'whitespace' })).toEqual(['the', 'u.s.', '<unk>']);
  });
});

describe('a vocabulary', () => {
  const text = 'b a b\nc b a\n\nd a b c\n';

  it('is numbered by frequency, rare words left out, sentences ended by paragraphs', async () => {
    const { words, counts, tokens, read } = await readWords([file('a.txt', text)], { minCount: 2 });
    expect({ words, counts, read }).toEqual({ words: ['b', 'a', 'c'], counts: [4, 3, 2], read: 10 });
    expect([...tokens]).toEqual([0, 1, 0, 2, 0, 1, -1, 1, 0, 2, -1]);
  });

  it('of several files, packed and in another encoding, with sentences of lines', async () => {
    const latin = file('latin.txt', Buffer.from('caf\xe9 caf\xe9', 'latin1'));
    const { words, tokens } = await readWords([file('b.txt.gz', gzipSync(text)), latin], {
      minCount: 1,
      maxWords: 3,
      sentences: 'line',
      encoding: 'windows-1252',
    });
    expect(words).toEqual(['b', 'a', 'c']);
    expect([...tokens]).toEqual([0, 1, 0, -1, 2, 0, 1, -1, 1, 0, 2, -1]);
    expect((await readWords([latin], { minCount: 1, encoding: 'windows-1252' }).catch(error => error)).code).toBe(
      'TSLM_NO_WORDS',
    );
  });

  it('has whole words of a text without line ends', async () => {
    const count = 300_000;
    const { words, counts } = await readWords([file('long.txt', 'alpha beta '.repeat(count))], { minCount: 1 });
    expect({ words, counts }).toEqual({ words: ['alpha', 'beta'], counts: [count, count] });
  });

  it('says when there are no words', async () => {
    await expect(readWords([file('none.txt', '…\n')])).rejects.toMatchObject({ code: 'TSLM_NO_WORDS' });
  });
});

it('co-occurrences count by 1/distance within sentences', () => {
  const { first, second, counts } = countCooccurrences(Int32Array.of(0, 1, 2, 0, 0, -1, 1, 1), 3, 2);
  const table = Object.fromEntries([...counts].map((count, i) => [`${first[i]} ${second[i]}`, count]));
  // 0 1: at 1, and at 2 before the second 0. A word beside itself is in the table of both orders twice.
  expect(table).toEqual({ '0 1': 1.5, '0 2': 0.5 + 1 + 0.5, '1 2': 1, '0 0': 2, '1 1': 2 });
});
