/** The tokenizer of a model as Transformers had it when results were recorded. */
import { join } from 'node:path';
import { readJson } from '../../../support/files.ts';
import { Tokenizer } from '../../../tokenizers/tokenizer.ts';

/** Where Qwen2's tokenizer cuts texts. */
const QWEN2 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/**
 * Transformers 5.18 cuts texts for a model of the type qwen2 as Qwen2's tokenizer does, whatever tokenizer.json says, where
 * tokenizer_config.json names no class of its own.
 *
 * @param chatTemplate in place of the tokenizer's own
 */
export function recordedTokenizer(folder: string, chatTemplate?: string): Tokenizer {
  const tokenizer = Tokenizer.fromFile(folder);
  const { model_type: type } = readJson(join(folder, 'config.json')) as { model_type?: string };
  const isRewritten = type === 'qwen2' && tokenizer.config.tokenizer_class === 'TokenizersBackend';
  const cuts = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: QWEN2 }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
  const json = isRewritten ? { ...tokenizer.toJSON(), pre_tokenizer: cuts } : tokenizer.toJSON();
  const config = chatTemplate === undefined ? tokenizer.config : { ...tokenizer.config, chat_template: chatTemplate };
  return Tokenizer.fromJSON(json, folder, config);
}
