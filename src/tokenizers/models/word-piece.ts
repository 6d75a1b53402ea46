/**
 * WordPiece (Schuster & Nakajima 2012, as BERT uses it): a word is cut from left to right, each time at the longest
 * entry of the vocabulary. A word that cannot be cut to its end is unknown as a whole.
 */
import { z } from 'zod';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import type { Model, ModelToken } from './model.ts';
import { TokenCache } from './token-cache.ts';
import { Trie } from './trie.ts';
import { Vocabulary, vocabSchema } from './vocabulary.ts';

const schema = z.strictObject({
  type: z.literal('WordPiece').optional(),
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  /** In characters; longer words are unknown. */
  max_input_chars_per_word: z.int().nonnegative(),
  vocab: vocabSchema,
});

export const createWordPiece: Factory<Model> = (config, where) => {
  const options = parseConfig(schema, config, where);
  const { unk_token: unknown, continuing_subword_prefix: prefix, max_input_chars_per_word: longest } = options;
  const vocabulary = new Vocabulary(options.vocab, where);
  const words = new Trie(4 * vocabulary.size);
  const continuations = new Trie(4 * vocabulary.size);
  for (const [token, id] of vocabulary.ids) {
    if (token === '') continue;
    words.set(token, id);
    if (token.startsWith(prefix) && token.length > prefix.length) continuations.set(token, id, prefix.length);
  }

  const wholeUnknown = (word: string): ModelToken[] => {
    const id = vocabulary.ids.get(unknown);
    if (id === undefined) throw malformed(where, `'unk_token': ${JSON.stringify(unknown)} is not in the vocabulary`);
    return [{ id, token: unknown, start: 0, end: word.length }];
  };
  const cut = (word: string): ModelToken[] => {
    if (isLonger(word, longest)) return wholeUnknown(word);
    const tokens: ModelToken[] = [];
    for (let start = 0; start < word.length; ) {
      const trie = start === 0 ? words : continuations;
      let id = -1;
      let end = start;
      let node = trie.root;
      for (let at = start; at < word.length; at++) {
        node = trie.step(node, word.charCodeAt(at));
        if (node < 0) break;
        const value = trie.value(node);
        if (value < 0) continue;
        id = value;
        end = at + 1;
      }
      if (id < 0) return wholeUnknown(word);
      tokens.push({ id, token: vocabulary.token(id)!, start, end });
      start = end;
    }
    return tokens;
  };

  const cache = new TokenCache(cut);
  return {
    size: vocabulary.size,
    idLimit: vocabulary.idLimit,
    tokenToId: token => vocabulary.ids.get(token),
    idToToken: id => vocabulary.token(id),
    tokenize: word => cache.get(word),
  };
};

/** Whether a text has more than `limit` characters. */
function isLonger(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let count = 0;
  for (const _ of text) if (++count > limit) return true;
  return false;
}
