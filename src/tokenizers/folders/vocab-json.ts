/** GPT-2's `vocab.json` and `merges.txt`, which RoBERTa, BART, Longformer and Qwen 2 also have. */
import { gpt4Pattern } from '../byte-bpe/scanners.ts';
import { type FolderContents, specialAddedTokens, tokenizerJson, withSpecialTokens } from './pieces.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

const ROBERTA = {
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
  mask_token: '<mask>',
};
const GPT2 = { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', unk_token: '<|endoftext|>' };
const QWEN2 = { eos_token: '<|endoftext|>', pad_token: '<|endoftext|>', unk_token: '<|endoftext|>' };

const byteLevel = (addPrefixSpace: boolean, useRegex = true, trimOffsets = true): object => ({
  type: 'ByteLevel',
  add_prefix_space: addPrefixSpace,
  trim_offsets: trimOffsets,
  use_regex: useRegex,
});

/** @param family the model type, in lower case and without signs, as in `roberta` */
export function fromVocabJson(
  vocab: Record<string, number>,
  merges: string,
  given: TokenizerConfig,
  family: string,
): FolderContents {
  const ids = new Map(Object.entries(vocab));
  const idOf = (token: string): number | undefined => ids.get(token);
  const isRoberta = /^(?:roberta|bart|longformer|led|blenderbot)/.test(family);
  const isQwen = family.startsWith('qwen2') || family.startsWith('qwen3');
  const defaults = isRoberta ? ROBERTA : isQwen ? QWEN2 : GPT2;
  const config = withSpecialTokens(given, defaults, token => ids.has(token));
  const addPrefixSpace = config.add_prefix_space ?? false;
  const special = (token: string | null | undefined, otherwise: string): [string, number] => {
    const content = token ?? otherwise;
    return [content, idOf(content) ?? 0];
  };
  const split = { type: 'Split', pattern: { Regex: gpt4Pattern(1) }, behavior: 'Isolated', invert: false };
  const json = tokenizerJson({
    added_tokens: specialAddedTokens(config, idOf, isRoberta),
    normalizer: isQwen ? { type: 'NFC' } : null,
    pre_tokenizer: isQwen
      ? { type: 'Sequence', pretokenizers: [split, byteLevel(addPrefixSpace, false)] }
      : byteLevel(addPrefixSpace),
    post_processor: isRoberta
      ? {
          type: 'RobertaProcessing',
          sep: special(config.sep_token, '</s>'),
          cls: special(config.cls_token, '<s>'),
          trim_offsets: true,
          add_prefix_space: addPrefixSpace,
        }
      : byteLevel(true, true, false),
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges: merges.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('#version')),
    },
  });
  return { json, config };
}
