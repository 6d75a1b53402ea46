/** The post-processor `TemplateProcessing` of tokenizer.json. */
import { z } from 'zod';
import { Encoding } from '../encode/encoding.ts';
import { TokenRun } from '../encode/token-run.ts';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import type { PostProcessor } from './post-processor.ts';

const piece = z.strictObject({ id: z.string(), type_id: z.int().nonnegative() });

const pieceSchema = z.union([
  z.strictObject({ Sequence: piece.extend({ id: z.enum(['A', 'B']) }) }),
  z.strictObject({ SpecialToken: piece }),
]);
type Piece = z.output<typeof pieceSchema>;

const schema = z.strictObject({
  type: z.literal('TemplateProcessing'),
  single: z.array(pieceSchema),
  pair: z.array(pieceSchema),
  special_tokens: z.record(
    z.string(),
    z.strictObject({ id: z.string(), ids: z.array(z.int().nonnegative()), tokens: z.array(z.string()) }),
  ),
});

/** Sequences and special tokens in the order of a template. */
export const createTemplateProcessing: Factory<PostProcessor> = (config, where) => {
  const { single, pair, special_tokens: specialTokens } = parseConfig(schema, config, where);
  const added = (template: Piece[]): number => {
    let count = 0;
    for (const part of template) {
      if (!('SpecialToken' in part)) continue;
      const { id } = part.SpecialToken;
      if (!Object.hasOwn(specialTokens, id)) throw malformed(where, `'special_tokens' lacks ${JSON.stringify(id)}`);
      count += specialTokens[id].ids.length;
    }
    return count;
  };
  const addedSingle = added(single);
  const addedPair = added(pair);
  const specialRuns = new Map<Piece, TokenRun>();
  for (const part of [...single, ...pair]) {
    if (!('SpecialToken' in part)) continue;
    const { id, type_id: typeId } = part.SpecialToken;
    const { ids, tokens } = specialTokens[id];
    specialRuns.set(part, TokenRun.special(ids, tokens, typeId));
  }
  return {
    addedTokens: isPair => (isPair ? addedPair : addedSingle),
    process(encodings, addSpecialTokens) {
      const template = encodings.length === 2 ? pair : single;
      return template.flatMap(part => {
        if ('Sequence' in part) {
          const encoding = encodings[part.Sequence.id === 'A' ? 0 : 1];
          encoding.setTypeIds(part.Sequence.type_id);
          return [encoding];
        }
        if (!addSpecialTokens) return [];
        return [new Encoding([specialRuns.get(part)!])];
      });
    },
  };
};
