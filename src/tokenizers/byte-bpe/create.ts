/** When the fast path of byte-level BPE can be taken. */
import { Bpe } from '../models/bpe.ts';
import type { Model } from '../models/model.ts';
import { byteLevelSchema, GPT2_PATTERN } from '../pre-tokenizers/byte-level.ts';
import { sequenceSchema } from '../pre-tokenizers/create.ts';
import { splitSchema } from '../pre-tokenizers/split.ts';
import { compilePattern } from '../regex/pattern.ts';
import { hasForeignRegex, withTimeLimit } from '../regex/time-limit.ts';
import { ByteBpeEncoder } from './encoder.ts';
import { regexScanner, type Scanner, scannerFor } from './scanners.ts';

/**
 * The fast path for a model and the JSON of a pre-tokenizer: `ByteLevel` with its own pattern, or one `Split` followed
 * by `ByteLevel` without. Undefined for every other pipeline.
 */
export function createByteBpeEncoder(model: Model, preTokenizer: unknown): ByteBpeEncoder | undefined {
  if (!(model instanceof Bpe) || model.isRandom) return undefined;
  const scan = scannerOf(preTokenizer);
  return scan && ByteBpeEncoder.create(model, scan);
}

function scannerOf(preTokenizer: unknown): Scanner | undefined {
  const byteLevel = byteLevelSchema.safeParse(preTokenizer);
  if (byteLevel.success) {
    const { use_regex: useRegex, add_prefix_space: addPrefixSpace } = byteLevel.data;
    return useRegex && !addPrefixSpace ? scannerFor(GPT2_PATTERN) : undefined;
  }
  const parts = sequenceSchema.safeParse(preTokenizer).data?.pretokenizers ?? [];
  const split = splitSchema.safeParse(parts[0]).data;
  const bytes = byteLevelSchema.safeParse(parts[1]).data;
  if (parts.length !== 2 || !split || !bytes || bytes.use_regex || bytes.add_prefix_space) return undefined;
  if (split.behavior !== 'Isolated' || split.invert) return undefined;
  const known = 'Regex' in split.pattern ? scannerFor(split.pattern.Regex) : undefined;
  if (known) return known;
  const regex = compilePattern(split.pattern, 'pre_tokenizer');
  const isForeign = hasForeignRegex(split.pattern);
  return regex.test('')
    ? undefined
    : regexScanner(regex, (text, search) =>
        isForeign ? withTimeLimit(text.length, 'pre_tokenizer', search) : search(),
      );
}
