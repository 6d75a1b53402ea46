/** The normalizer `BertNormalizer` of tokenizer.json. */
import { z } from 'zod';
import type { AlignedText } from '../aligned-text.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { NONSPACING_MARK, OTHER } from '../unicode/categories.ts';
import { isPlainAscii } from '../unicode/unicode.ts';
import type { Normalizer } from './normalizer.ts';
import { normalizeForm } from './unicode-form.ts';

const schema = z.strictObject({
  type: z.literal('BertNormalizer'),
  clean_text: z.boolean(),
  handle_chinese_chars: z.boolean(),
  /** Null: as `lowercase` says. */
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean(),
});

/** BERT's cleaning (Devlin et al. 2019): no control characters, spaces around ideographs, no accents, lower case. */
export const createBertNormalizer: Factory<Normalizer> = (config, where) => {
  const options = parseConfig(schema, config, where);
  const { clean_text: clean, handle_chinese_chars: chinese, lowercase } = options;
  const stripAccents = options.strip_accents ?? lowercase;
  return {
    normalize(text) {
      if (isPlainAscii(text.text)) return lowercase ? text.withUnits(text.text.toLowerCase()) : text;
      let changed: AlignedText = text;
      if (clean) changed = changed.mapCodePoints(cleaned);
      if (chinese) changed = changed.mapCodePoints(char => (CHINESE.test(char) ? ` ${char} ` : char));
      if (stripAccents) {
        changed = normalizeForm(changed, 'NFD').mapCodePoints(char => (NONSPACING_MARK.test(char) ? '' : char));
      }
      return lowercase ? changed.mapCodePoints(char => char.toLowerCase()) : changed;
    },
  };
};

/** The ideographs of the CJK blocks that BERT knows; kana and Hangul are words like others. */
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;

function cleaned(char: string): string {
  if (char > ' ' && char <= '~') return char;
  if (/[\t\n\r]/.test(char)) return ' ';
  if (char === '\ufffd' || OTHER.test(char)) return '';
  return /\p{White_Space}/u.test(char) ? ' ' : char;
}
