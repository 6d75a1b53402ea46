import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCorpus } from '../../../../src/data/corpus/corpus.ts';
import { prepare } from '../../../../src/data/prepare/prepare.ts';
import type { PrepareOptions } from '../../../../src/data/prepare/prepare-options.ts';
import { planPreprocess, preprocessSteps } from '../../../../src/data/prepare/preprocess/preprocess.ts';
import { byteTokenizer, errorOf, scratchFolder, writeFiles } from '../../helpers.ts';

const scratch = scratchFolder();
const tokenizer = join(scratch, 'tokenizer');
const bytes = byteTokenizer(tokenizer);
const everything = {
  unicodeForm: 'NFKC',
  chinese: 'simplified',
  stripAccents: true,
  replace: ['numbers', 'urls', 'emails'],
  lowerCase: true,
  stopWords: ['english', 'chinese'],
  stripPunctuation: true,
} satisfies Partial<PrepareOptions>;

test('steps come in one order, whatever the order of the options', () => {
  const names = preprocessSteps(planPreprocess(everything)).map(({ name }) => name);
  expect(names).toEqual([
    'Unicode form NFKC',
    'simplified Chinese',
    'accents',
    'urls',
    'emails',
    'numbers',
    'lower case',
    'stop words',
    'punctuation',
  ]);
  expect(preprocessSteps(planPreprocess({}))).toEqual([]);
});

test('prepare does what was asked for, counts it in index and card, and says how to do it again', async () => {
  const texts = ['The CAFÉ at http://a.example costs ５ euros!', '我們的漢語很好。', '!!!', 'plain words'];
  const input = writeFiles(join(scratch, 'input'), {
    'a.jsonl': texts.map(text => JSON.stringify({ text })).join('\n'),
  });
  const out = join(scratch, 'all');
  const given = { out, tokenizer, validation: 0, test: 0, threads: 0, ...everything };
  const { report } = await prepare([input], given);
  const { index, ...corpus } = openCorpus(out);
  const train = corpus.split('train');
  const documents = Array.from({ length: train.documents }, (_, i) =>
    bytes.decode(train.document(i), { skipSpecialTokens: true }),
  );
  expect(documents).toEqual(['cafe <url> costs <number> euros', '我们汉语很好', 'plain words']);
  expect(report.removed.empty.documents).toBe(1);
  const steps = Object.fromEntries(index.preprocessing!.map(({ step, ...rest }) => [step, rest]));
  expect(Object.keys(steps)).toHaveLength(9);
  expect(steps['simplified Chinese']).toEqual({ documents: 1, characters: 3 });
  expect(steps.urls).toEqual({ documents: 1, characters: 16 });
  expect(steps.emails).toEqual({ documents: 0, characters: 0 });
  expect(steps.punctuation).toEqual({ documents: 3, characters: 5 });
  expect(steps['stop words'].lists!.map(({ name }) => name)).toEqual(['english', 'chinese']);
  expect(index.options).toMatchObject(everything);
  const card = readFileSync(join(out, 'README.md'), 'utf8');
  expect(card).toContain('## Preprocessing');
  expect(card).toContain('- urls: 16 characters in 1 documents');
  expect(card).toMatch(/- stop words: .* words of english, SHA-256 `/);
  const command = card.split('\n').find(line => line.startsWith('    tslm prepare'))!;
  expect(command).toContain('--replace numbers --replace urls --replace emails --lower-case');
  expect(command).toContain('--strip-accents');
  expect(command).not.toContain('--no-lower-case');
});

test('nothing is done that was not asked for', async () => {
  const input = writeFiles(join(scratch, 'plain'), { 'a.txt': 'The CAFÉ, 5!' });
  const out = join(scratch, 'none');
  await prepare([input], { out, tokenizer, validation: 0, test: 0, threads: 0 });
  const { index, split } = openCorpus(out);
  expect(bytes.decode(split('train').document(0), { skipSpecialTokens: true })).toBe('The CAFÉ, 5!');
  expect(index).not.toHaveProperty('preprocessing');
  const card = readFileSync(join(out, 'README.md'), 'utf8');
  expect(card).not.toContain('Preprocessing');
  expect(card).not.toContain('--lower-case');
});

test('what is not known is refused by name', async () => {
  const run = (options: object) => errorOf(() => prepare(['none'], { out: join(scratch, 'x'), ...options }));
  const cases: [object, string][] = [
    [{ unicodeForm: 'NFX' }, "'unicodeForm': 'NFX' is not known; there are NFC, NFD, NFKC, NFKD"],
    [{ chinese: 'simple' }, "'simple' is not known; there are simplified, traditional"],
    [{ replace: ['urls', 'dates'] }, "'dates' is not known; there are urls, emails, numbers"],
    [{ stopWords: ['french'] }, "'french' is neither a list nor a file"],
  ];
  for (const [options, message] of cases) {
    const error = await run(options);
    expect(error).toMatchObject({ code: 'TSLM_BAD_VALUE', exitCode: 2 });
    expect(error.message).toContain(message);
  }
});
