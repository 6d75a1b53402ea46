import { z } from 'zod';
import { type Factory, parseConfig } from '../config.ts';
import type { Normalizer } from './normalizer.ts';

const schema = z.strictObject({
  type: z.literal('Strip'),
  strip_left: z.boolean(),
  strip_right: z.boolean(),
});

/** Removes white space at the ends. */
export const createStrip: Factory<Normalizer> = (config, where) => {
  const { strip_left: left, strip_right: right } = parseConfig(schema, config, where);
  return {
    normalize(text) {
      const start = left ? text.text.match(/^\p{White_Space}*/u)![0].length : 0;
      const end = right ? text.length - text.text.match(/\p{White_Space}*$/u)![0].length : text.length;
      return text.slice(Math.min(start, end), end);
    },
  };
};
