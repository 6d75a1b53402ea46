import { expect, it } from 'vitest';
import { both, changed } from '../pipelines.ts';

const { ours, native } = both(
  changed('wordpiece_bert', json => {
    Object.assign(json, { normalizer: null, pre_tokenizer: { type: 'UnicodeScripts' }, added_tokens: [] });
    json.model = { type: 'WordLevel', vocab: json.model.vocab, unk_token: '[UNK]' };
  }),
);

it.each([
  'どこで生れ。Yes',
  'Apples are りんご 林檎',
  '  spaces first',
  'кириллица and Ελληνικά, עברית العربية हिन्दी 한국어 ไทย',
  'ータカナーー中',
  'a1b2 😀é',
  '',
])('%s', async text => {
  const want = await native.encode(text);
  const got = ours.encode(text);
  expect([got.ids, got.offsets, got.wordIds]).toEqual([want.getIds(), want.getOffsets(), want.getWordIds()]);
});
