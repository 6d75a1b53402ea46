/** The normalizer `Replace` of tokenizer.json. */
import { z } from 'zod';
import { AlignedTextBuilder } from '../aligned-text.ts';
import { type Factory, parseConfig, patternSchema } from '../folders/tokenizer-json.ts';
import { compilePattern } from '../regex/pattern.ts';
import type { Normalizer } from './normalizer.ts';

const schema = z.strictObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() });

/** Replaces every match of a pattern; the replacement stands where the last character of the match stood. */
export const createReplace: Factory<Normalizer> = (config, where) => {
  const { pattern, content } = parseConfig(schema, config, where);
  const regex = compilePattern(pattern, where);
  return {
    normalize(text) {
      const builder = new AlignedTextBuilder(text);
      let done = 0;
      for (const match of text.text.matchAll(regex)) {
        const end = match.index + match[0].length;
        builder.keep(done, match.index);
        const last = end > match.index ? [...match[0]].at(-1)!.length : 0;
        builder.put(content, Math.max(0, end - last), end);
        done = end;
      }
      if (done === 0) return text;
      builder.keep(done, text.length);
      return builder.build();
    },
  };
};
