import { expect, it } from 'vitest';
import { tokenText, tokenTexts } from '../../../src/tokenizers/decode/token-text.ts';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../../src/tokenizers/training/train.ts';

const gpt2 = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2');

/** Each byte a token. */
const bytes = await trainTokenizer(['a'], { kind: 'bpe', vocabSize: 257 });
const llama = await trainTokenizer(['a b'], { kind: 'llama-bpe', vocabSize: 300 });

it('shows parts of a character as the character with their numbers', () => {
  const { ids } = bytes.encode('a它 😀');
  expect(tokenTexts(bytes, ids)).toEqual(['a', '它¹', '它²', '它³', ' ', '😀¹', '😀²', '😀³', '😀⁴']);
  const { ids: fallback } = llama.encode('b它', { addSpecialTokens: false });
  expect(tokenTexts(llama, fallback).slice(-3)).toEqual(['它¹', '它²', '它³']);
});

it('shows bytes that are no character as bytes', () => {
  const { ids } = bytes.encode('它');
  expect(ids.map(id => tokenText(bytes, id))).toEqual(['\\xE5', '\\xAE', '\\x83']);
  expect(tokenTexts(bytes, [ids[0], ids[0], ids[1], ids[2], ids[1]])).toEqual(['\\xE5', '它¹', '它²', '它³', '\\xAE']);
});

it('is the text of whole tokens, white space and special tokens among them', () => {
  const text = 'The river rose, 3 naïve.\n';
  const { ids } = gpt2.encode(text);
  expect(
    tokenTexts(gpt2, ids)
      .join('')
      .replace(/[²³]|¹/g, ''),
  ).toContain('The river rose');
  expect(ids.map(id => tokenText(gpt2, id))[1]).toMatch(/^ /);
  expect(tokenText(gpt2, gpt2.eosTokenId!)).toBe('<|endoftext|>');
  const bert = Tokenizer.fromFile('test/fixtures/tokenizers/wordpiece_bert');
  const { tokens, ids: pieces } = bert.encode('unbelievable');
  expect(tokenTexts(bert, pieces)).toEqual(tokens);
  expect(tokenTexts(llama, llama.encode('b', { addSpecialTokens: false }).ids)[0]).toMatch(/^ /);
});
