/** Against Hugging Face's native tokenizers, on random and on real text. */

import { readFileSync } from 'node:fs';
import { Tokenizer as JavaScriptTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import type { Tokenizer as Native } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { sharedFiles } from '../helpers/shared.ts';
import { both, PIPELINES, withoutFastPath } from './pipelines.ts';
import { anyText } from './texts.ts';

const same = async (ours: Tokenizer, native: Native, text: string): Promise<void> => {
  const want = await native.encode(text);
  const got = ours.encode(text);
  expect({
    ids: got.ids,
    tokens: got.tokens,
    offsets: got.offsets,
    words: got.wordIds,
    types: got.typeIds,
    special: got.specialTokensMask,
  }).toEqual({
    ids: want.getIds(),
    tokens: want.getTokens(),
    offsets: want.getOffsets(),
    words: want.getWordIds(),
    types: want.getTypeIds(),
    special: want.getSpecialTokensMask(),
  });
  expect([...ours.encodeIds(text, { addSpecialTokens: true })]).toEqual(want.getIds());
  for (const skip of [false, true]) {
    expect(ours.decode(got.ids, { skipSpecialTokens: skip })).toBe(await native.decode(got.ids, skip));
  }
};

describe.each(Object.entries(PIPELINES))('%s', (_name, json) => {
  const { ours, native } = both(json);
  const general = both(withoutFastPath(json)).ours;
  const numRuns = process.env.TSLM_LONG ? 400 : 100;

  it('gives what the native package gives on random text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, text => same(ours, native, text)),
      { numRuns },
    );
  });

  it('gives the same when component follows component', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, text => same(general, native, text)),
      { numRuns },
    );
  });
});

const REAL = [
  'GPT-2',
  'Qwen 2 with NFC',
  'Llama 3',
  'BERT',
  'BERT with accents and capitals',
  'T5',
  'ALBERT and XLNet',
];

describe('real text', () => {
  const files = ['package.json', 'CONTRIBUTING.md', 'node_modules/zod/README.md', 'src/support/files.ts'];
  const more = sharedFiles('data/{tinyshakespeare/input.txt,names/names.txt,flores200/dev/*}');
  const length = process.env.TSLM_LONG ? 60_000 : 20_000;
  const texts = [...files, ...more].map(path => readFileSync(path, 'utf8').slice(0, length));

  it.each(REAL)('%s, whole files', async name => {
    const { ours, native } = both(PIPELINES[name]);
    for (const text of texts) await same(ours, native, text);
  });

  it.each(REAL)('%s, line by line, also in the JavaScript package', name => {
    const tokenizer = Tokenizer.fromJSON(PIPELINES[name]);
    const javaScript = new JavaScriptTokenizer(PIPELINES[name], {});
    const lines = texts.flatMap(text => text.split('\n')).filter(line => /^[\x20-\x7e]+$/.test(line));
    for (const line of process.env.TSLM_LONG ? lines : lines.slice(0, 500)) {
      expect(tokenizer.encode(line).ids, line).toEqual(javaScript.encode(line).ids);
    }
  });
});

it('merges long words as short ones', async () => {
  const { ours, native } = both(PIPELINES['GPT-2']);
  for (const text of ['a'.repeat(5000), 'the'.repeat(700), '自然语言处理'.repeat(300), ' '.repeat(999)]) {
    await same(ours, native, text);
  }
});
