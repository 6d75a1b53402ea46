/** A vocabulary: tokens to ids and back. */
import { z } from 'zod';
import { malformed } from '../folders/tokenizer-json.ts';

/** An object of token → id; checked by `Vocabulary`, because a schema is slow for 100,000 keys. */
export const vocabSchema = z.custom<Record<string, number>>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object of tokens and ids is expected',
);

/** Far above every vocabulary there is; tables by id must fit into memory. */
const LARGEST_ID = 0x3fffff;

/** Tokens and their ids, both ways. */
export class Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly #tokens: (string | undefined)[] = [];

  constructor(vocab: Record<string, number>, where: string) {
    this.ids = new Map(Object.entries(vocab));
    for (const [token, id] of this.ids) {
      if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID) {
        throw malformed(where, `'vocab': token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}`);
      }
      this.#tokens[id] = token;
    }
  }

  get size(): number {
    return this.ids.size;
  }

  get idLimit(): number {
    return this.#tokens.length;
  }

  token(id: number): string | undefined {
    return this.#tokens[id];
  }
}
