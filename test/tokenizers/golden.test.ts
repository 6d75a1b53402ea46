import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectBatch, expectChat, expectPair, expectStreaming, expectString, openGolden } from './golden.ts';

const committed = 'test/fixtures/tokenizers';
const shared = '../shared/fixtures/tokenizers';
const names = ['bpe_llama', 'byte_bpe_gpt2', 'byte_bpe_qwen2', 'byte_bpe_roberta', 'unigram_t5', 'wordpiece_bert'];
const root = existsSync(shared) ? shared : committed;

describe.each(names)('%s gives what Hugging Face gives', name => {
  const { golden, tokenizer } = openGolden(join(root, name));

  it.each(golden.strings)('for the string $text', want => expectString(tokenizer, want));

  it.each(golden.lone_surrogates)('for lone surrogates $utf16', ({ utf16, behaves_like: alike }) => {
    const text = String.fromCharCode(...utf16);
    expect(tokenizer.encode(text).toJSON()).toEqual(tokenizer.encode(alike).toJSON());
    expect(tokenizer.encodeIds(text)).toEqual(tokenizer.encodeIds(alike));
  });

  it.each(golden.pairs)('for the pair $text, $pair', want => expectPair(tokenizer, want));

  it.each(golden.batch)('for the $kind with $kwargs', want => expectBatch(tokenizer, want));

  it.each(golden.streaming)('for the stream of $text', want => expectStreaming(tokenizer, want));

  if (golden.chat) it.each(golden.chat)('for the chat template $name', chat => expectChat(tokenizer, chat));

  it('for its tokens and special tokens', () => {
    expect(tokenizer.vocabSize).toBe(golden.vocab_size_with_added);
    for (const [id, token] of Object.entries(golden.token_strings)) {
      expect(tokenizer.idToToken(Number(id))).toBe(token);
      expect(tokenizer.tokenToId(token)).toBe(Number(id));
    }
    const { bos_token: bos, eos_token: eos, pad_token: pad, unk_token: unk } = golden.special_tokens;
    const idOf = (token?: string) => (token === undefined ? undefined : tokenizer.tokenToId(token));
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.padTokenId, tokenizer.unkTokenId]).toEqual(
      [bos, eos, pad, unk].map(idOf),
    );
  });
});
