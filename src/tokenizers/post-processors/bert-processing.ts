/** The post-processor `BertProcessing` of tokenizer.json. */
import { z } from 'zod';
import { TokenRun } from '../encode/token-run.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { changeEach, type PostProcessor, specialTokenSchema } from './post-processor.ts';

const schema = z.strictObject({
  type: z.literal('BertProcessing'),
  sep: specialTokenSchema,
  cls: specialTokenSchema,
});

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, B and what follows it of type 1 (Devlin et al. 2019). */
export const createBertProcessing: Factory<PostProcessor> = (config, where) => {
  const { sep, cls } = parseConfig(schema, config, where);
  const before = TokenRun.special([cls[1]], [cls[0]], 0);
  const after = [0, 1].map(typeId => TokenRun.special([sep[1]], [sep[0]], typeId));
  return {
    addedTokens: isPair => (isPair ? 3 : 2),
    process(encodings, addSpecialTokens) {
      if (!addSpecialTokens) return encodings;
      return encodings.map((encoding, i) =>
        changeEach(encoding, part => part.between(i === 0 ? [before] : [], [after[i]])),
      );
    },
  };
};
