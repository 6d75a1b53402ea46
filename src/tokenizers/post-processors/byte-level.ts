/** The post-processor `ByteLevel` of tokenizer.json. */
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { byteLevelSchema } from '../pre-tokenizers/byte-level.ts';
import type { PostProcessor } from './post-processor.ts';
import { trimOffsets } from './trim-offsets.ts';

/** Adds nothing; trims offsets if asked to. */
export const createByteLevel: Factory<PostProcessor> = (config, where) => {
  const { trim_offsets: trim, add_prefix_space: addPrefixSpace } = parseConfig(byteLevelSchema, config, where);
  return {
    addedTokens: () => 0,
    process(encodings) {
      if (trim) for (const encoding of encodings) trimOffsets(encoding, addPrefixSpace);
      return encodings;
    },
  };
};
