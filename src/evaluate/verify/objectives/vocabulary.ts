/** A tokenizer for recorded cases, which are ids alone: a token of its own for each id. */
import { Tokenizer } from '../../../tokenizers/tokenizer.ts';

export interface SpecialIds {
  pad?: number;
  bos?: number;
  cls?: number;
  sep?: number;
  eos?: number;
  mask?: number;
}

/** `[CLS] text [SEP]`, or `text </s>` where there is no separator. */
export function tokenizerOf(size: number, special: SpecialIds): Tokenizer {
  const names = Object.entries(special).map(([name, id]) => [name, `<${name}>`, id] as const);
  const vocab = Object.fromEntries(Array.from({ length: size }, (_, id) => [`t${id}`, id]));
  for (const [, token, id] of names) {
    delete vocab[`t${id}`];
    vocab[token] = id;
  }
  const piece = (name: string, type = 0) => ({ SpecialToken: { id: `<${name}>`, type_id: type } });
  const text = (id: 'A' | 'B', type = 0) => ({ Sequence: { id, type_id: type } });
  const before = special.cls === undefined ? [] : [piece('cls')];
  const end = special.sep === undefined ? 'eos' : 'sep';
  const isUsed = (name: string): boolean => name === 'cls' || name === end;
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: names.map(([, content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [...before, text('A'), piece(end)],
      pair: [...before, text('A'), piece(end), text('B', 1), piece(end, 1)],
      special_tokens: Object.fromEntries(
        names
          .filter(([name]) => isUsed(name))
          .map(([, token, id]) => [token, { id: token, ids: [id], tokens: [token] }]),
      ),
    },
    decoder: null,
    model: { type: 'WordLevel', vocab: { ...vocab, a: size }, unk_token: 'a' },
  };
  return Tokenizer.fromJSON(
    json,
    'the recorded cases',
    Object.fromEntries(names.map(([name, token]) => [`${name}_token`, token])),
  );
}
