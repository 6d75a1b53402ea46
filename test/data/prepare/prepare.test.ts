import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { prepare } from '../../../src/data/prepare/prepare.ts';
import type { PrepareOptions } from '../../../src/data/prepare/prepare-options.ts';
import { isLong } from '../../helpers/long.ts';
import { describeShared } from '../../helpers/shared.ts';
import { byteTokenizer, errorOf, randomChinese, randomText, readBytes, scratchFolder, writeFiles } from '../helpers.ts';

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
  const { report } = await prepare(inputs, { out, tokenizer, validation: 0, test: 0, threads: 0, ...options });
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
    const path = join(input({ 'a.txt': bytes }), 'a.txt');
    const { documents, report } = await run([path], { encoding: 'utf-8' });
    expect(documents).toEqual([`${'good text '.repeat(10)}end`]);
    expect(report.repaired['encoding errors']).toBe(1);
    expect(report.warnings).toEqual([`2 damaged characters are not UTF-8 and were left out: ${path} (2)`]);
    const error = await errorOf(() => run([path]));
    expect(error).toMatchObject({ code: 'TSLM_UNKNOWN_ENCODING', hint: expect.stringContaining('--encoding') });
  });

  test('says what was removed, and why, where it is more than one in a hundred', async () => {
    const { report } = await run([input({ 'a.txt': 'one two three', 'b.txt': 'one two three', 'c.txt': 'four' })]);
    expect(report.warnings).toEqual(['43% of the text was removed: 1 exact duplicate (43%)']);
  });
});

test('examples of what filters removed stand in the card', async () => {
  const spam = '点击下载 '.repeat(100);
  const { out, report } = await run([input({ 'a.txt': 'kept', 'b.txt': spam })]);
  expect(report.removedExamples['repeated n-grams']).toMatchObject([{ document: 1 }]);
  expect(readFileSync(join(out, 'README.md'), 'utf8')).toMatch(
    /- repeated n-grams\n {2}- .*b\.txt, document 1: “点击下载 /,
  );
});

describe('encodings', () => {
  const german = (
    JSON.parse(readFileSync('test/fixtures/encodings.json', 'utf8')) as {
      encoding: string;
      text: string;
      bytes: string;
    }[]
  ).filter(({ encoding }) => !encoding.startsWith('utf-16'));
  const files = Object.fromEntries(
    german.map(({ encoding, bytes }) => [`${encoding}.txt`, Buffer.from(bytes, 'base64')]),
  );

  test('are told file by file, and counted in the card', async () => {
    const folder = input({ ...files, 'a.txt': '天地玄黄\n' });
    const { documents, report, out } = await run([folder], { dedup: false });
    const texts = Object.fromEntries(german.map(({ encoding, text }) => [encoding, text.trimEnd()]));
    expect(documents[0]).toBe('天地玄黄');
    expect(documents.slice(1).sort()).toEqual(Object.values(texts).sort());
    expect(report.warnings).toEqual([]);
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    expect(card).toMatch(/- windows-1252: 1 file, 1 of them detected \(confidence at least 0\.\d\d\)/);
    expect(card).toMatch(/big5\.txt: .*big5, detected with confidence/);
  });

  test('that are asked for leave UTF-8 as it is', async () => {
    const folder = input({ 'a.txt': '天地玄黄，宇宙洪荒。日月盈昃', 'b.txt': files['gb18030.txt'] });
    const { documents } = await run([folder], { encoding: 'gb18030' });
    expect(documents).toEqual([
      '天地玄黄，宇宙洪荒。日月盈昃',
      german.find(({ encoding }) => encoding === 'gb18030')!.text.trimEnd(),
    ]);
  });
});

describe('files that cannot be read', () => {
  test('are left out and said, unless all are', async () => {
    const bad = {
      'b.jsonl.gz': gzipSync(JSONL).subarray(0, 20),
      'c.csv': 'id,body\n1,x\n',
      'd.parquet': 'PAR1 not really',
    };
    const { documents, report, out } = await run([input({ 'a.jsonl': JSONL, ...bad })]);
    expect(documents).toEqual(['one', '二', 'three']);
    expect(report.warnings[0]).toMatch(/^3 of 4 files could not be read.*damaged gzip.*no column 'text'.*Parquet/);
    expect(JSON.parse(JSON.stringify(report.sources[2].failure))).toMatchObject({ code: 'TSLM_NO_COLUMN' });
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('not read to the end');
    const error = await errorOf(() => run([input(bad)]));
    expect(error).toMatchObject({ code: 'TSLM_BAD_GZIP', message: expect.stringContaining('2 more of 3 files') });
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

describe('a few documents', () => {
  const novel = `${Array.from({ length: 400 }, (_, i) => `${randomChinese(60, i)}${i}`).join('\n')}\n`;

  test('are not split by hash where a share would be missed: the end is held out', async () => {
    const { report, corpus } = await run([input({ 'a.txt': novel, 'b.txt': novel.slice(9000) })], {
      validation: 0.05,
      test: 0.05,
    });
    const { splits, options } = corpus.index;
    expect(options.split).toBe('tail');
    expect(report.warnings[0]).toMatch(/the documents are so few that by hash/);
    const all = splits.train.characters + splits.validation.characters + splits.test.characters;
    for (const name of ['validation', 'test'] as const) expect(splits[name].characters / all).toBeCloseTo(0.05, 3);
  });

  test('become many by paragraph, which is a line where no line is blank', async () => {
    const options = { document: 'paragraph', validation: 0.05, test: 0.05 } as const;
    const { corpus, report } = await run([input({ 'a.txt': novel })], options);
    expect(corpus.index.options.split).toBe('hash');
    expect(report.read.documents).toBeGreaterThan(400);
    const { documents } = await run([input({ 'a.txt': 'one\ntwo\n\nthree\n' })], { document: 'paragraph' });
    expect(documents).toEqual(['one\ntwo', 'three']);
  });
});

describe('the tokens around a document', () => {
  const llama = 'test/fixtures/tokenizers/bpe_llama';
  const frame = async (tokenizer: string, options: Partial<PrepareOptions> = {}) => {
    const { corpus } = await run([input({ 'a.txt': 'cats' })], { tokenizer, ...options });
    return { ids: [...corpus.split('train').document(0)], index: corpus.index, tokenizer: corpus.tokenizer() };
  };

  test('are those that the tokenizer puts there, and its EOS', async () => {
    const { ids, index, tokenizer } = await frame(llama);
    expect(ids).toEqual([...tokenizer.encode('cats').ids, tokenizer.eosTokenId]);
    expect(ids[0]).toBe(tokenizer.bosTokenId);
    expect(index).toMatchObject({ prefix_token_ids: [tokenizer.bosTokenId], eos_token_id: tokenizer.eosTokenId });
  });

  test('are left out when that is asked for', async () => {
    const { ids, index, tokenizer } = await frame(llama, { bos: false });
    expect(ids).toEqual([...tokenizer.encodeIds('cats'), tokenizer.eosTokenId]);
    expect(index.prefix_token_ids).toEqual([]);
    expect((await frame(llama, { bos: false, eos: false })).ids).toEqual([...tokenizer.encodeIds('cats')]);
  });

  test('end with what the tokenizer puts after a text, once', async () => {
    const bert = await frame('test/fixtures/tokenizers/wordpiece_bert');
    expect(bert.ids).toEqual(bert.tokenizer.encode('cats').ids);
    expect(bert.index.eos_token_id).toBe(bert.ids.at(-1));
    const t5 = await frame('test/fixtures/tokenizers/unigram_t5');
    expect(t5.ids).toEqual(t5.tokenizer.encode('cats').ids);
    expect(t5.ids.filter(id => id === t5.tokenizer.eosTokenId)).toHaveLength(1);
  });
});

test('what the tokenizer does not know is counted and said', async () => {
  const { corpus, report } = await run([input({ 'a.txt': 'the 猴 the' })], {
    tokenizer: 'test/fixtures/tokenizers/wordpiece_bert',
  });
  const tokenizer = corpus.tokenizer();
  const { ids, offsets } = tokenizer.encode('the 猴 the', { addSpecialTokens: false });
  const unknown = ids.flatMap((id, i) => (id === tokenizer.unkTokenId ? [offsets[i]] : []));
  expect(unknown).toEqual([[4, 5]]);
  expect(corpus.split('train').unknown).toEqual({ tokens: 1, bytes: 3 });
  expect(report.warnings[0]).toMatch(/^27% of the text is unknown to the tokenizer \(1 unknown tokens\)/);
});

test('records come from arrays, saved datasets, paths and templates', async () => {
  const records = [
    { meta: { text: 'one' }, n: [1] },
    { meta: { text: '二, "}]' }, n: [] },
    { meta: { text: 'three' }, n: [2] },
  ];
  const expected = ['one', '二, "}]', 'three'];
  const column = 'meta.text';
  const pretty = JSON.stringify(records, null, 2);
  expect((await run([input({ 'a.json': pretty })], { column })).documents).toEqual(expected);
  const lines = records.map(record => JSON.stringify(record)).join('\n');
  expect((await run([input({ 'a.json': lines })], { column })).documents).toEqual(expected);
  const template = '{n}: {meta.text}!\\n';
  const { documents } = await run([input({ 'a.json': pretty })], { template, clean: false });
  expect(documents).toEqual(['1: one!\n', ': 二, "}]!\n', '2: three!\n']);
  const settings = '{\n  "compilerOptions": {}\n}\n';
  expect((await run([input({ 'tsconfig.json': settings })], { clean: false })).documents).toEqual([settings]);
  const arrow = await run(['test/fixtures/saved-dataset']);
  expect(arrow.documents.slice(0, 2)).toEqual(['document one', '文档二']);
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
    const texts = Array.from({ length: isLong ? 300 : 150 }, (_, i) =>
      JSON.stringify({ text: randomText(60, i % 120) + (i % 7) }),
    );
    const folder = input({
      'a.jsonl': texts.join('\n'),
      'b.txt': randomText(isLong ? 30_000 : 15_000, 1),
      'c.txt': randomChinese(isLong ? 10_000 : 3000, 2),
    });
    const options = { tokenizer: undefined, vocabSize: 600, validation: 0.1, test: 0.1, maxDocumentBytes: 8192 };
    const outs = [];
    for (const threads of [0, 1, 3]) outs.push((await run([folder], { ...options, threads })).out);
    const names = readdirSync(outs[0]).sort();
    for (const out of outs.slice(1)) {
      expect(readdirSync(out).sort()).toEqual(names);
      for (const name of names) expect(readBytes(join(out, name)), name).toEqual(readBytes(join(outs[0], name)));
    }
  });
});

describe('a tokenizer', () => {
  test('is trained on the training split alone', async () => {
    const { corpus } = await run([join(input({ 'a.txt': 'abcabcabcé' }), 'a.txt')], {
      tokenizer: undefined, tokenizerKind: 'char', split: 'tail', validation: 0.1, clean: false, dedup: false,
    }); // biome-ignore format: one list
    expect(corpus.tokenizer().tokenToId('a')).toBeDefined();
    expect(corpus.tokenizer().tokenToId('é')).toBeUndefined();
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
