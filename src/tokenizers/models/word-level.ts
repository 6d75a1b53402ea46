/** The model `WordLevel` of tokenizer.json. */
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { excerpt } from '../unicode/unicode.ts';
import type { Model } from './model.ts';
import { Vocabulary, vocabSchema } from './vocabulary.ts';

const schema = z.strictObject({ type: z.literal('WordLevel'), vocab: vocabSchema, unk_token: z.string() });

/** Each pre-token is one entry of the vocabulary, or the unknown token. */
export const createWordLevel: Factory<Model> = (config, where) => {
  const { vocab, unk_token: unknown } = parseConfig(schema, config, where);
  const vocabulary = new Vocabulary(vocab, where);
  const unknownId = vocabulary.ids.get(unknown);
  return {
    size: vocabulary.size,
    idLimit: vocabulary.idLimit,
    tokenToId: token => vocabulary.ids.get(token),
    idToToken: id => vocabulary.token(id),
    tokenize(piece) {
      const id = vocabulary.ids.get(piece);
      if (id !== undefined) return [{ id, token: piece, start: 0, end: piece.length }];
      if (unknownId !== undefined) return [{ id: unknownId, token: unknown, start: 0, end: piece.length }];
      throw new UserError('TSLM_UNKNOWN_TOKEN', `${where}: ${excerpt(piece)} is not in the vocabulary`, {
        hint: `the vocabulary has no unknown token '${unknown}' to stand for it`,
      });
    },
  };
};
