import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { prepare } from '../../../src/data/prepare/prepare.ts';
import type { PrepareOptions } from '../../../src/data/prepare/prepare-options.ts';
import { sentenceTokens } from '../../../src/data/prepare/sentence-tokens.ts';
import { corpusDocuments } from '../../../src/data/rows/corpus-documents.ts';
import { createRandom } from '../../../src/support/random.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { isLong } from '../../helpers/long.ts';
import { byteTokenizer, errorOf, randomChinese, randomText, readBytes, scratchFolder, writeFiles } from '../helpers.ts';

const scratch = scratchFolder();
let made = 0;
const place = (): string => join(scratch, `corpus-${made++}`);

/** Texts with sentences of many forms: ends with and without white space, quotes, numbers, line ends, both languages. */
function textsOf(language: 'en' | 'zh', count: number): string[] {
  const random = createRandom(language === 'en' ? 7 : 8);
  const pick = (list: readonly string[]): string => list[random.below(list.length)];
  const ends =
    language === 'en' ? ['. ', '! ', '?\n', '.” ', '… ', '.\n\n', '; '] : ['。', '！', '？”', '……', '。\n', '；'];
  const words = (language === 'en' ? randomText(60, 3) : randomChinese(200, 3)).split(
    language === 'en' ? ' ' : /(?<=^(?:..)+)/s,
  );
  const sentence = (): string => {
    const chosen = Array.from({ length: 1 + random.below(9) }, () => pick(words).replace(/[。.\n]/g, ''));
    const text = chosen.join(language === 'en' ? ' ' : '');
    return `${pick(['', '', '“', '3.14 ', '('])}${text[0]?.toUpperCase() ?? ''}${text.slice(1)}${pick(ends)}`;
  };
  return Array.from({ length: count }, (_, i) => {
    const text = Array.from({ length: 1 + random.below(30) }, sentence).join('');
    return `${i} ${text}`.trim();
  });
}

async function run(texts: readonly string[], options: Partial<PrepareOptions> = {}) {
  const input = writeFiles(join(scratch, `input-${made++}`), {
    'a.jsonl': texts.map(text => JSON.stringify({ text })).join('\n'),
  });
  const out = place();
  const given = { out, validation: 0, test: 0, threads: 0, clean: false, dedup: false, sentences: 'auto', ...options };
  const { report } = await prepare([input], given);
  return { out, report, corpus: openCorpus(out) };
}

const segmentsOf = (text: string, language: string): string[] =>
  Array.from(new Intl.Segmenter(language, { granularity: 'sentence' }).segment(text), ({ segment }) => segment);

/** Of a tokenizer with one token a byte: where each sentence is written from on, in bytes; the first from 0. */
function byteBorders(text: string, language: string): number[] {
  const borders: number[] = [];
  let at = 0;
  for (const segment of segmentsOf(text, language)) {
    const blank = segment.length - segment.trimStart().length;
    if (segment.trim() !== '') borders.push(at + Buffer.byteLength(segment.slice(0, blank)));
    at += Buffer.byteLength(segment);
  }
  return [0, ...borders.slice(1)];
}

const without = (text: string): string => text.replace(/\s/g, '');

describe.each(['en', 'zh'] as const)('the borders recorded (%s)', language => {
  const texts = textsOf(language, 40);

  test('are those segmented from the text, byte by byte', async () => {
    const folder = join(scratch, `bytes-${language}`);
    byteTokenizer(folder);
    for (const eos of [true, false]) {
      const { corpus } = await run(texts, { tokenizer: folder, sentences: language, eos, shardTokens: 3000 });
      const train = corpus.split('train');
      expect(corpus.index.splits.train.shards.length).toBeGreaterThan(2);
      let sentences = 0;
      for (const [i, text] of texts.entries()) {
        const found = train.documentSentences(i)!;
        const borders = byteBorders(text, language);
        expect(found.map(ids => ids.length)).toEqual(
          borders.map((from, k) => (borders[k + 1] ?? Buffer.byteLength(text)) - from),
        );
        expect(found.flatMap(ids => [...ids])).toEqual([...Buffer.from(text)]);
        sentences += borders.length;
      }
      expect(train.sentences).toBe(sentences);
      await corpus.verify();
    }
  });

  test.runIf(isLong || language === 'zh')(
    'of tokens of several characters are the same sentences, of the tokens that the document has',
    async () => {
      const options = { vocabSize: 500, sentences: language };
      const { out, corpus } = await run(texts, options);
      const train = corpus.split('train');
      const tokenizer = corpus.tokenizer();
      for (const [i, text] of texts.entries()) {
        const found = train.documentSentences(i)!;
        expect(found.flatMap(ids => [...ids])).toEqual([...tokenizer.encodeIds(text)]);
        // A token of punctuation may reach over a border: its characters are in the sentence before.
        let at = 0;
        let read = 0;
        const ends = segmentsOf(text, language).map(segment => {
          at += without(segment).length;
          return at;
        });
        for (const ids of found) {
          read += without(tokenizer.decode(ids)).length;
          const near = ends.find(end => end === read || (end < read && end > read - 3));
          expect(near, `${text} at ${read}`).toBeDefined();
        }
      }
      const plain = await run(texts, { vocabSize: 500, sentences: undefined });
      expect(readBytes(join(out, 'train-00000.bin'))).toEqual(readBytes(join(plain.out, 'train-00000.bin')));
      const threads = await run(texts, { ...options, threads: 3 });
      expect(readBytes(join(out, 'train-00000.sent'))).toEqual(readBytes(join(threads.out, 'train-00000.sent')));
      expect(threads.corpus.index.splits).toEqual(corpus.index.splits);
    },
  );
});

test('a token that reaches over a border stays with the sentence that it begins in', () => {
  const folder = join(scratch, 'merged');
  const json = byteTokenizer(folder).toJSON() as {
    added_tokens: unknown;
    model: { vocab: Record<string, number>; merges: unknown };
  };
  json.added_tokens = [];
  json.model.vocab['!*'] = 256;
  json.model.merges = ['! *'];
  const tokenizer = Tokenizer.fromJSON(json);
  const text = ' Go!*Then\n\n!*? End.';
  expect(segmentsOf(text, 'en')).toEqual([' Go!', '*Then\n', '\n', '!', '*? ', 'End.']);
  const encoding = tokenizer.encode(text, { addSpecialTokens: false });
  const starts = sentenceTokens(text, encoding, 'en');
  const decoded = starts.map((start, i) => tokenizer.decode(encoding.ids.slice(start, starts[i + 1])));
  expect(decoded).toEqual([' Go!*', 'Then\n\n', '!*', '? ', 'End.']);
  // The sentence of one token that begins in the one before is none.
  const over = tokenizer.encode('A!*', { addSpecialTokens: false });
  expect(sentenceTokens('A!*', over, 'en')).toEqual([0]);
  expect(sentenceTokens('', { starts: [], ends: [] }, 'en')).toEqual([]);
});

describe('a corpus with sentences', () => {
  const texts = ['One. Two three! Four?', '天地玄黄。宇宙洪荒。', 'No end'];
  const folder = join(scratch, 'bytes');
  const bytes = byteTokenizer(folder);

  test('gives them as rows, and one without finds them', async () => {
    const [recorded, found] = await Promise.all([
      run(texts, { tokenizer: folder }),
      run(texts, { tokenizer: folder, sentences: undefined }),
    ]);
    const rows = [recorded, found].map(({ corpus }) => corpusDocuments(corpus.split('train'), bytes));
    expect(rows.map(({ length }) => length)).toEqual([3, 3]);
    const textsIn = (i: number) => rows.map(row => row.row(i).sentences.map(ids => bytes.decode(ids)));
    expect(textsIn(0)).toEqual([
      ['One. ', 'Two three! ', 'Four?'],
      ['One.', 'Two three!', 'Four?'],
    ]);
    expect(textsIn(1)[0]).toEqual(['天地玄黄。', '宇宙洪荒。']);
    expect(textsIn(1)[1]).toEqual(textsIn(1)[0]);
    expect(textsIn(2)[0]).toEqual(['No end']);
    expect(rows[0].fingerprint).not.toBe(rows[1].fingerprint);
    expect(rows[1].fingerprint).toBe(found.corpus.split('train').fingerprint);
    expect(found.corpus.split('train').sentences).toBeUndefined();
    expect(found.corpus.index.splits.train).not.toHaveProperty('sentences');
  });

  test('keeps what stands around documents out of them', async () => {
    const json = bytes.toJSON() as { post_processor: unknown };
    const special = { id: '<|endoftext|>', ids: [256], tokens: ['<|endoftext|>'] };
    json.post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: special.id, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [special.id]: special },
    };
    const framed = join(scratch, 'framed');
    byteTokenizer(framed);
    writeFileSync(join(framed, 'tokenizer.json'), JSON.stringify(json));
    const { corpus } = await run(texts, { tokenizer: framed });
    const train = corpus.split('train');
    expect([train.document(0)[0], train.document(0).at(-1)]).toEqual([256, 256]);
    expect(train.documentSentences(0)!.map(ids => bytes.decode(ids))).toEqual(['One. ', 'Two three! ', 'Four?']);
  });

  test('takes a bit a token, has their number in index and card, and knows when they are damaged', async () => {
    const { out, corpus } = await run(texts, { tokenizer: folder });
    const { tokens, sentences } = corpus.index.splits.train;
    expect(sentences).toBe(6);
    const file = join(out, 'train-00000.sent');
    expect(statSync(file).size).toBe(Math.ceil(tokens / 8));
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    expect(card).toContain('| split | documents | sentences | tokens |');
    expect(card).toContain(`| train | 3 | 6 | ${tokens} |`);
    expect(card).toContain('--sentences auto');
    expect(card).toContain('- train-00000.sent: `');
    const content = readFileSync(file);
    writeFileSync(
      file,
      content.map(() => 0),
    );
    const damaged = openCorpus(out);
    expect(await errorOf(() => damaged.verify())).toMatchObject({ code: 'TSLM_DAMAGED_CORPUS' });
    expect((await errorOf(() => damaged.split('train').documentSentences(1))).message).toContain(
      'train-00000.sent: document 1 has no sentences',
    );
    writeFileSync(file, content.subarray(1));
    expect((await errorOf(() => openCorpus(out))).message).toMatch(/train-00000\.sent: has \d+ bytes/);
  });

  test('refuses a language that is not known', async () => {
    const error = await errorOf(() => run(texts, { tokenizer: folder, sentences: 'books/' }));
    expect(error).toMatchObject({ code: 'TSLM_BAD_VALUE', exitCode: 2 });
    expect(error.message).toContain("'books/'");
  });
});
