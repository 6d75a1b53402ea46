import { z } from 'zod';
import { type Factory, parseConfig } from '../config.ts';
import { Encoding } from '../encoding.ts';
import { changeEach, type PostProcessor, specialTokenSchema } from './post-processor.ts';
import { trimOffsets } from './trim-offsets.ts';

const schema = z.strictObject({
  type: z.literal('RobertaProcessing'),
  sep: specialTokenSchema,
  cls: specialTokenSchema,
  trim_offsets: z.boolean(),
  add_prefix_space: z.boolean(),
});

/** `<s> A </s>` and `<s> A </s></s> B </s>`, all of type 0 (Liu et al. 2019). */
export const createRobertaProcessing: Factory<PostProcessor> = (config, where) => {
  const { sep, cls, trim_offsets: trim, add_prefix_space: addPrefixSpace } = parseConfig(schema, config, where);
  const special = ([token, id]: [string, number]): Encoding => Encoding.special([id], [token], 0);
  return {
    addedTokens: isPair => (isPair ? 4 : 2),
    process(encodings, addSpecialTokens) {
      for (const encoding of encodings) {
        if (trim) trimOffsets(encoding, addPrefixSpace);
        for (const part of [encoding, ...encoding.overflowing]) part.setTypeIds(0);
      }
      if (!addSpecialTokens) return encodings;
      return encodings.map((encoding, i) =>
        changeEach(encoding, part => Encoding.concat([special(i === 0 ? cls : sep), part.slice(0), special(sep)])),
      );
    },
  };
};
