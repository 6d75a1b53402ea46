/** The pre-tokenizer `Metaspace` of tokenizer.json: spaces as a visible character (Kudo & Richardson 2018). */
import { z } from 'zod';
import type { AlignedText } from '../aligned-text.ts';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import { prependText } from '../normalizers/prepend.ts';
import { escapeRegExp, isOneCharacter } from '../unicode/unicode.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';
import { splitAtMatches } from './split-behavior.ts';

/** Older files say `add_prefix_space`, and repeat the replacement as `str_rep`. */
export const metaspaceSchema = z.strictObject({
  type: z.literal('Metaspace'),
  replacement: z.string().refine(isOneCharacter, 'one character is expected'),
  prepend_scheme: z.enum(['first', 'never', 'always']).optional(),
  split: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  str_rep: z.string().nullish(),
});

/** Where the replacement is put before a text that does not begin with it. */
export function prependScheme(
  { prepend_scheme: scheme, add_prefix_space: addPrefixSpace }: z.output<typeof metaspaceSchema>,
  where: string,
): 'first' | 'never' | 'always' {
  if (addPrefixSpace !== false) return scheme ?? 'always';
  if (scheme !== undefined && scheme !== 'never') {
    throw malformed(where, `'add_prefix_space' is false, but 'prepend_scheme' is ${JSON.stringify(scheme)}`);
  }
  return 'never';
}

/** Writes spaces as a visible character and splits before it, as SentencePiece does. */
export const createMetaspace: Factory<PreTokenizer> = (config, where) => {
  const options = parseConfig(metaspaceSchema, config, where);
  const { replacement, split = true } = options;
  const scheme = prependScheme(options, where);
  const pattern = new RegExp(escapeRegExp(replacement), 'gu');
  return {
    split(text) {
      const isWanted = scheme === 'always' || (scheme === 'first' && text.originalStart(0) === 0);
      const marked = replaceSpaces(text, replacement);
      const whole = isWanted && !marked.text.startsWith(replacement) ? prependText(marked, replacement) : marked;
      return split === false ? [whole] : splitAtMatches(whole, pattern, 'MergedWithNext');
    },
  };
};

function replaceSpaces(text: AlignedText, replacement: string): AlignedText {
  if (!text.text.includes(' ')) return text;
  if (replacement.length === 1) return text.withUnits(text.text.replaceAll(' ', replacement));
  return text.mapCodePoints(char => (char === ' ' ? replacement : char));
}
