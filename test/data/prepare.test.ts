import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { openCorpus } from '../../src/data/corpus.ts';
import { prepare } from '../../src/data/prepare.ts';
import type { PrepareOptions } from '../../src/data/prepare-options.ts';
import { describeShared } from '../helpers/shared.ts';
import { byteTokenizer, errorOf, randomChinese, randomText, readBytes, scratchFolder, writeFiles } from './helpers.ts';

const scratch = scratchFolder();
const tokenizer = join(scratch, 'tokenizer');
mkdirSync(tokenizer);
const bytesTokenizer = byteTokenizer(tokenizer);
let made = 0;

const place = (): string => join(scratch, `corpus-${made++}`);
const input = (files: Record<string, string | Uint8Array>): string =>
  writeFiles(join(scratch, `input-${made++}`), files);
const decode = (tokens: ArrayLike<number>): string => bytesTokenizer.decode(tokens, { skipSpecialTokens: true });

/** Prepares with the byte tokenizer and everything in the training split, and gives corpus and report. */
async function run(inputs: string[], options: Partial<PrepareOptions> = {}) {
  const out = place();
  const { report } = await prepare(inputs, { out, tokenizer, validation: 0, test: 0, threads: 1, ...options });
  const corpus = openCorpus(out);
  const train = corpus.split('train');
  const documents = Array.from({ length: train.documents }, (_, i) => decode(train.document(i)));
  return { out, report, corpus, documents };
}

const JSONL = `${['one', '二', 'three'].map(text => JSON.stringify({ text })).join('\n')}\n`;

describe('every format', () => {
  const parquet = new Uint8Array(
    parquetWriteBuffer({ columnData: [{ name: 'text', data: ['one', '二', 'three'], type: 'STRING' }] }),
  );
  const csv = 'id,text\n1,one\n2,二\n3,three\n';
  const lines = 'one\n二\nthree\n';
  const files: [string, string | Uint8Array][] = [
    ['a.txt', lines],
    ['a.md', lines],
    ['a.py', lines],
    ['a.jsonl', JSONL],
    ['a.csv', csv],
    ['a.tsv', csv.replaceAll(',', '\t')],
    ['a.parquet', parquet],
  ];
  test.each(
    files.flatMap(([name, content]) => [[name, content] as const, [`${name}.gz`, gzipSync(content)] as const]),
  )('%s gives the same corpus', async (name, content) => {
    const { documents, report } = await run([join(input({ [name]: content }), name)], { document: 'line' });
    expect(documents).toEqual(['one', '二', 'three']);
    expect(report.read).toEqual({ documents: 3, bytes: 11 });
  });
});

describe('what is written', () => {
  test('is a directory with index, shards, tokenizer and card, and nothing beside it', async () => {
    const folder = input({ 'a.txt': 'one\n\ntwo', 'b.txt': '天地玄黄' });
    const { out, corpus } = await run([folder], { document: 'paragraph' });
    expect(readdirSync(out).sort()).toEqual([
      'README.md', 'corpus.json', 'tokenizer.json', 'tokenizer_config.json', 'train-00000.bin', 'train-00000.idx',
    ]); // biome-ignore format: one list
    expect(readdirSync(scratch).filter(name => name.includes('.tmp'))).toEqual([]);
    expect(corpus.index).toMatchObject({ vocab_size: 257, dtype: 'uint16', eos_token_id: 256, seed: 0 });
    expect(corpus.index.splits.train).toMatchObject({ documents: 3, bytes: 18, characters: 10, tokens: 21 });
    expect([...corpus.split('train').document(0)]).toEqual([...Buffer.from('one'), 256]);
    await corpus.verify();
  });

  test('ends documents with EOS, or with nothing', async () => {
    const folder = input({ 'a.txt': 'a', 'b.txt': 'b' });
    expect([...(await run([folder])).corpus.split('train').read(0, 9)]).toEqual([97, 256, 98, 256]);
    const { corpus } = await run([folder], { eos: false });
    expect([...corpus.split('train').read(0, 9)]).toEqual([97, 98]);
    expect(corpus.index.eos_token_id).toBeNull();
  });

  test('fills shards up to a size', async () => {
    const text = Array.from({ length: 100 }, (_, i) => `document ${i}`).join('\n');
    const { corpus, documents } = await run([join(input({ 'a.txt': text }), 'a.txt')], {
      document: 'line',
      shardTokens: 200,
    });
    const { shards } = corpus.index.splits.train;
    expect(shards.length).toBeGreaterThan(4);
    for (const { tokens } of shards) expect(tokens).toBeLessThanOrEqual(200);
    expect(documents.join('\n')).toBe(text);
  });

  test('has a card that tells what was removed and how to make it again', async () => {
    const near = randomText(200, 1);
    const folder = input({
      'a.jsonl': ['x', 'x', near, `${near} more`, ' '].map(text => JSON.stringify({ text })).join('\n'),
      'b.bin': 'b\0',
    });
    const { out } = await run([folder], { minCharacters: 1 });
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    for (const part of [
      'removed: empty | 1',
      'removed: exact duplicate | 1',
      'removed: near-duplicate | 1',
      'skipped: 1 binary files',
      'Latin: 100.0%',
      'tslm prepare',
      '--validation 0',
    ]) {
      expect(card).toContain(part);
    }
    expect(card).toMatch(/a\.jsonl, document 4: “/);
    expect(card).toMatch(/a\.jsonl: .* 5 documents, SHA-256 `[0-9a-f]{64}`/);
  });
});

describe('cleaning', () => {
  const dirty = 'Cafe\u0301 \r\nau lait\u0000\n\n\n\n';

  test('repairs, filters and counts', async () => {
    const texts = [dirty, '', 'tiny', 'click here now '.repeat(200), 'x'.repeat(500)];
    const folder = input({ 'a.jsonl': texts.map(text => JSON.stringify({ text })).join('\n') });
    const { documents, report } = await run([folder], { minCharacters: 5, maxCharacters: 400 });
    expect(documents).toEqual(['Café\nau lait']);
    expect(
      Object.fromEntries(Object.entries(report.removed).map(([reason, { documents }]) => [reason, documents])),
    ).toEqual({
      empty: 1,
      'too short': 1,
      'too long': 2,
    });
    expect(report.repaired).toEqual({ 'Unicode form': 1, 'control characters': 1, 'white space': 2 });
    expect((await run([folder], { maxCharacters: 4000 })).report.removed['repeated n-grams'].documents).toBe(1);
  });

  test('leaves source code its repeated lines', async () => {
    const code = Array.from(
      { length: 100 },
      (_, i) => `function f${i}() {\n  return call(${i});\n  // the same comment on every function here\n}`,
    ).join('\n');
    const folder = input({ 'a.ts': code, 'b.txt': code });
    const { documents, report } = await run([folder]);
    expect(documents).toEqual([code]);
    expect(report.removed['duplicate lines'].documents).toBe(1);
  });

  test('can be left out: then bytes pass as they are', async () => {
    const { documents } = await run([join(input({ 'a.txt': dirty.replace('\0', '') }), 'a.txt')], {
      clean: false,
      dedup: false,
    });
    expect(documents).toEqual([dirty.replace('\0', '')]);
  });

  test('survives bytes that are no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('good text '.repeat(10)), Buffer.from([0xff, 0xc3]), Buffer.from('end')]);
    const { documents, report } = await run([join(input({ 'a.txt': bytes }), 'a.txt')]);
    expect(documents).toEqual([`${'good text '.repeat(10)}end`]);
    expect(report.repaired['encoding errors']).toBe(1);
  });
});

describe('deduplication', () => {
  /** 300 texts; of every third there is a copy with some words changed, and of every tenth an exact one. */
  function corpusWithDuplicates(make: (seed: number) => string, change: (text: string) => string) {
    const originals = Array.from({ length: 300 }, (_, seed) => make(seed));
    const near = originals.filter((_, i) => i % 3 === 0).map(change);
    const exact = originals.filter((_, i) => i % 10 === 0);
    const texts = [...originals, ...near, ...exact];
    return {
      originals,
      near: near.length,
      exact: exact.length,
      file: input({ 'a.jsonl': texts.map(text => JSON.stringify({ text })).join('\n') }),
    };
  }

  test.each([
    [
      'English',
      (seed: number) => randomText(150, seed),
      (text: string) => `${text.slice(0, -30)} something else at its end`,
    ],
    ['Chinese', (seed: number) => randomChinese(200, seed), (text: string) => `${text.slice(0, -8)}千字文终`],
  ])('finds what was planted and nothing else: %s', async (_, make, change) => {
    const { originals, near, exact, file } = corpusWithDuplicates(make, change);
    const { documents, report } = await run([file]);
    expect(report.removed['exact duplicate'].documents).toBe(exact);
    expect(report.removed['near-duplicate'].documents).toBeGreaterThanOrEqual(near * 0.97);
    // Precision: every original is still there.
    const kept = new Set(documents);
    expect(originals.filter(text => !kept.has(text.replace(/ +$/gm, '').trimEnd()))).toEqual([]);
    for (const { similarity } of report.nearDuplicates) expect(similarity).toBeGreaterThanOrEqual(0.8);
  });

  test('removes from training what is in validation, not the other way', async () => {
    const folder = input({ 'train.jsonl': JSONL, 'valid.jsonl': JSONL.split('\n')[1] });
    const { documents, corpus } = await run([join(folder, 'train.jsonl')], {
      validationInputs: [join(folder, 'valid.jsonl')],
      validation: undefined,
    });
    expect(documents).toEqual(['one', 'three']);
    expect(decode(corpus.split('validation').document(0))).toBe('二');
  });

  test('can be left out', async () => {
    expect((await run([input({ 'a.jsonl': JSONL + JSONL })], { dedup: false })).documents).toHaveLength(6);
  });
});

describe('splits', () => {
  const text = `${randomText(400, 9)}${randomChinese(300, 9)}`;
  const verbatim = { clean: false, dedup: false, eos: false, split: 'tail' } as const;

  test('of the tail cut exactly by characters', async () => {
    const { corpus } = await run([join(input({ 'a.txt': text }), 'a.txt')], {
      ...verbatim,
      validation: 0.1,
      test: 0.05,
    });
    const characters = [...text];
    const [a, b] = [Math.floor(characters.length * 0.85 + 1e-6), Math.floor(characters.length * 0.95 + 1e-6)];
    const parts = { train: [0, a], validation: [a, b], test: [b, characters.length] } as const;
    for (const [name, [start, end]] of Object.entries(parts)) {
      const split = corpus.split(name as keyof typeof parts);
      expect(decode(split.read(0, split.tokens))).toBe(characters.slice(start, end).join(''));
      expect(split.characters).toBe(end - start);
    }
  });

  test('of the tail over several files run on in reading order, and records stay whole', async () => {
    const folder = input({ 'a.txt': 'aaaa', 'b.txt': 'bbbbbb' });
    const { corpus } = await run([folder], { ...verbatim, validation: 0.5 });
    expect(['train', 'validation'].map(name => decode(corpus.split(name as 'train').read(0, 99)))).toEqual([
      'aaaab',
      'bbbbb',
    ]);
    const records = await run([input({ 'a.jsonl': JSONL })], { ...verbatim, validation: 0.5 });
    expect(records.documents).toEqual(['one', '二']);
  });

  test('by hash keep a document where it was when others come and go', async () => {
    const texts = Array.from({ length: 300 }, (_, i) => JSON.stringify({ text: `text number ${i}` }));
    const validation = async (lines: string[]) => {
      const { corpus } = await run([input({ 'a.jsonl': lines.join('\n') })], {
        validation: 0.2,
        test: 0.1,
        dedup: false,
      });
      const split = corpus.split('validation');
      return Array.from({ length: split.documents }, (_, i) => decode(split.document(i)));
    };
    const all = await validation(texts);
    expect(all.length).toBeGreaterThan(30);
    const half = await validation(texts.filter((_, i) => i % 2 === 0).reverse());
    expect(half.reverse()).toEqual(all.filter(text => Number(text.split(' ')[2]) % 2 === 0));
  });

  test('that stay empty are said', async () => {
    const { report } = await run([input({ 'a.txt': 'all in one' })], { validation: 0.00001 });
    expect(report.warnings[0]).toContain('validation');
  });
});

describe('the tokens', () => {
  test('of a file cut into many documents are those of the whole', async () => {
    const { report, corpus } = await run([join(input({ 'a.txt': randomText(20_000, 5) }), 'a.txt')], {
      clean: false, dedup: false, eos: false, split: 'tail', maxDocumentBytes: 4096, tokenizer: undefined, vocabSize: 400,
    }); // biome-ignore format: one list
    expect(report.read.documents).toBeGreaterThan(20);
    const train = corpus.split('train');
    expect(train.read(0, train.tokens)).toEqual(Uint16Array.from(corpus.tokenizer().encodeIds(randomText(20_000, 5))));
  });

  test('and all files are the same whatever the number of threads', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => JSON.stringify({ text: randomText(60, i % 2500) + (i % 7) }));
    const folder = input({
      'a.jsonl': texts.join('\n'),
      'b.txt': randomText(300_000, 1),
      'c.txt': randomChinese(50_000, 2),
    });
    const options = { tokenizer: undefined, vocabSize: 600, validation: 0.1, test: 0.1, maxDocumentBytes: 8192 };
    const outs = [];
    for (const threads of [1, 3]) outs.push((await run([folder], { ...options, threads })).out);
    const names = readdirSync(outs[0]).sort();
    expect(readdirSync(outs[1]).sort()).toEqual(names);
    for (const name of names) expect(readBytes(join(outs[1], name)), name).toEqual(readBytes(join(outs[0], name)));
  });
});

describe('a tokenizer', () => {
  test('is trained on the training split alone', async () => {
    const { corpus } = await run([join(input({ 'a.txt': 'abcabcabcX' }), 'a.txt')], {
      tokenizer: undefined, tokenizerKind: 'char', split: 'tail', validation: 0.1, clean: false, dedup: false,
    }); // biome-ignore format: one list
    expect(corpus.tokenizer().tokenToId('a')).toBeDefined();
    expect(corpus.tokenizer().tokenToId('X')).toBeUndefined();
  });

  test('is trained on a sample of bounded size, drawn from everywhere', async () => {
    const folder = input({
      'a.txt': `${'a'.repeat(60)}\n`.repeat(20_000),
      'b.txt': `${'b'.repeat(60)}\n`.repeat(20_000),
    });
    const { corpus } = await run([folder], {
      tokenizer: undefined, vocabSize: 300, tokenizerSample: 600_000, clean: false, dedup: false,
    }); // biome-ignore format: one list
    expect(corpus.tokenizer().encodeIds('a'.repeat(60)).length).toBeLessThan(10);
    expect(corpus.tokenizer().encodeIds('b'.repeat(60)).length).toBeLessThan(10);
  });

  test('without EOS is refused, unless none is wanted', async () => {
    const folder = writeFiles(join(scratch, 'no-eos'), {
      'tokenizer.json': readBytes(join(tokenizer, 'tokenizer.json')),
    });
    const file = join(input({ 'a.txt': 'a' }), 'a.txt');
    expect(await errorOf(() => run([file], { tokenizer: folder }))).toMatchObject({ code: 'TSLM_NO_EOS' });
    expect((await run([file], { tokenizer: folder, eos: false })).documents).toEqual(['a']);
  });
});

describe('trouble', () => {
  const file = () => join(input({ 'a.txt': 'text' }), 'a.txt');
  const codeOf = async (inputs: string[], options: Partial<PrepareOptions>) => {
    const error = await errorOf(() => run(inputs, options));
    return [error.code, error.exitCode];
  };

  test('with the output is met before anything is read', async () => {
    const taken = input({ 'notes.txt': 'mine' });
    expect(await codeOf([file()], { out: taken })).toEqual(['TSLM_OUTPUT_EXISTS', 2]);
    expect(await codeOf([file()], { out: taken, overwrite: true })).toEqual(['TSLM_OUTPUT_EXISTS', 2]);
    expect(readFileSync(join(taken, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await codeOf([join(taken, 'notes.txt')], { out: taken })).toEqual(['TSLM_BAD_OUTPUT', 2]);
    expect(await codeOf([file()], { out: join(taken, 'notes.txt', 'x') })).toEqual(['TSLM_ENOTDIR', 1]);
  });

  test('overwrite replaces a corpus, and a failure keeps the old one', async () => {
    const { out } = await run([file()]);
    const other = join(input({ 'b.txt': 'other' }), 'b.txt');
    expect(await codeOf([input({ 'a.jsonl': '{"text":"a"}\n{\n' })], { out, overwrite: true })).toEqual([
      'TSLM_BAD_RECORDS',
      1,
    ]);
    expect(decode(openCorpus(out).split('train').document(0))).toBe('text');
    await prepare([other], { out, tokenizer, validation: 0, test: 0, overwrite: true });
    expect(decode(openCorpus(out).split('train').document(0))).toBe('other');
    expect(readdirSync(scratch).filter(name => name.includes('.tmp'))).toEqual([]);
  });

  test('with the input or the options is one clear error, and nothing is left behind', async () => {
    expect(await codeOf([join(scratch, 'nothing')], {})).toEqual(['TSLM_ENOENT', 1]);
    expect(await codeOf([input({ 'a.txt': ' \n ' })], {})).toEqual(['TSLM_NO_DOCUMENTS', 1]);
    expect(await codeOf([input({ 'a.bin': '\0' })], {})).toEqual(['TSLM_NO_DOCUMENTS', 1]);
    expect(await codeOf([file()], { test: 0.99999 })).toEqual(['TSLM_EMPTY_SPLIT', 1]);
    expect(await codeOf([file()], { validation: 0.5, test: 0.5 })).toEqual(['TSLM_BAD_VALUE', 2]);
    expect(await codeOf([file()], { validation: 0.5, validationInputs: [file()] })).toEqual(['TSLM_BAD_VALUE', 2]);
    expect(await codeOf([file()], { encoding: 'klingon' })).toEqual(['TSLM_BAD_VALUE', 2]);
    expect(await codeOf([file()], { vocabSise: 5 } as object)).toEqual(['TSLM_UNKNOWN_KEY', 2]);
    expect(readdirSync(scratch).filter(name => name.includes('.tmp'))).toEqual([]);
  });

  test('an abort leaves nothing behind', async () => {
    const out = place();
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('enough'));
    const error = await errorOf(() => prepare([file()], { out, tokenizer, onProgress, signal: abort.signal }));
    expect(error.message).toBe('enough');
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(scratch).filter(name => name.includes('.tmp'))).toEqual([]);
  });
});

describeShared('data', 'real data', folder => {
  const data = (path: string): string => join(folder, path);

  test('tinyshakespeare splits as everybody splits it', async () => {
    const { corpus } = await run([data('tinyshakespeare/input.txt')], {
      tokenizer: undefined, tokenizerKind: 'char', split: 'tail', validation: 0.1, clean: false, dedup: false, eos: false,
    }); // biome-ignore format: one list
    const text = readFileSync(data('tinyshakespeare/input.txt'), 'utf8');
    const [train, validation] = [corpus.split('train'), corpus.split('validation')];
    expect([train.tokens, validation.tokens]).toEqual([1_003_854, 111_540]);
    const ids = corpus.tokenizer().encodeIds(text);
    expect(train.read(0, train.tokens)).toEqual(Uint16Array.from(ids.subarray(0, 1_003_854)));
    expect(validation.read(0, validation.tokens)).toEqual(Uint16Array.from(ids.subarray(1_003_854)));
  });

  test('Chinese poems, a column of lists of lines, lose few to deduplication and none to the filters', async () => {
    const { report, documents } = await run([data('chinese-poetry')], { column: 'paragraphs' });
    expect(report.read.documents).toBe(24_654);
    expect(Object.keys(report.removed)).toEqual(['exact duplicate', 'near-duplicate']);
    expect(report.kept.documents).toBeGreaterThan(0.95 * 24_654);
    expect(documents[0]).toContain('\n');
  });

  test('English and Chinese books pass the filters whole', async () => {
    const { report } = await run([data('gutenberg'), data('chinese-novels')]);
    expect(report.removed).toEqual({});
    expect(report.scripts.Han).toBeGreaterThan(1e6);
    expect(report.scripts.Latin).toBeGreaterThan(2e6);
  });

  test('WikiText and news columns are read', async () => {
    const wiki = await run([data('wikitext-2/valid.txt.gz')], { document: 'line' });
    expect(wiki.report.read.documents).toBe(3760);
    const news = await run([data('ag-news/train.csv.gz')], { header: false, column: '2' });
    expect(news.report.kept.documents).toBeGreaterThan(4900);
  });
});
