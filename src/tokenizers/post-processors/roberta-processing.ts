/** The post-processor `RobertaProcessing` of tokenizer.json. */
import { z } from 'zod';
import { TokenRun } from '../encode/token-run.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
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
  const runs = { cls: TokenRun.special([cls[1]], [cls[0]], 0), sep: TokenRun.special([sep[1]], [sep[0]], 0) };
  return {
    addedTokens: isPair => (isPair ? 4 : 2),
    process(encodings, addSpecialTokens) {
      for (const encoding of encodings) {
        if (trim) trimOffsets(encoding, addPrefixSpace);
        for (const part of [encoding, ...encoding.overflowing]) part.setTypeIds(0);
      }
      if (!addSpecialTokens) return encodings;
      return encodings.map((encoding, i) =>
        changeEach(encoding, part => part.between([i === 0 ? runs.cls : runs.sep], [runs.sep])),
      );
    },
  };
};
