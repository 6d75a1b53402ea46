import { z } from 'zod';
import { type Factory, parseConfig } from '../config.ts';
import { Encoding } from '../encoding.ts';
import { changeEach, type PostProcessor, specialTokenSchema } from './post-processor.ts';

const schema = z.strictObject({
  type: z.literal('BertProcessing'),
  sep: specialTokenSchema,
  cls: specialTokenSchema,
});

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, B and what follows it of type 1 (Devlin et al. 2019). */
export const createBertProcessing: Factory<PostProcessor> = (config, where) => {
  const { sep, cls } = parseConfig(schema, config, where);
  const special = ([token, id]: [string, number], typeId: number): Encoding => Encoding.special([id], [token], typeId);
  return {
    addedTokens: isPair => (isPair ? 3 : 2),
    process(encodings, addSpecialTokens) {
      if (!addSpecialTokens) return encodings;
      return encodings.map((encoding, i) =>
        changeEach(encoding, part => {
          const body = [part.slice(0), special(sep, i)];
          return Encoding.concat(i === 0 ? [special(cls, 0), ...body] : body);
        }),
      );
    },
  };
};
