/** A tokenizer of whole words and pieces of words, and models so small that a test takes a moment. */
import type { Model } from '../../src/models/model.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, tensor } from '../../src/torch/index.ts';
import { randomModel } from '../models/families/helpers.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';

const words =
  'the a cat dog sat on mat un happy ##ly ##ing lo ##ve in paris berlin ann lee met who where is . ? new york';
const vocabulary = ['[PAD]', '[CLS]', '[SEP]', '[UNK]', '[MASK]', ...words.split(' ')];
const special = (content: string, id: number) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** As BERT has it: `[CLS] text [SEP] pair [SEP]`, lower case, 37 tokens at most. */
export const wordTokenizer = (config: Record<string, unknown> = {}): Tokenizer =>
  Tokenizer.fromJSON(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: vocabulary.slice(0, 5).map(special),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: { type: 'BertProcessing', sep: ['[SEP]', 2], cls: ['[CLS]', 1] },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      },
    },
    'tokenizer.json',
    {
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      sep_token: '[SEP]',
      unk_token: '[UNK]',
      mask_token: '[MASK]',
      ...config,
    },
  );

/** A model of random weights by the class that config.json would name. */
export const tinyModel = (modelType: string, architecture: string, more: Record<string, unknown> = {}): Model =>
  randomModel({ model_type: modelType, architectures: [architecture], ...tinyConfigs[modelType], ...more });

/** One text by itself through the whole model: what batches must agree with. */
export const alone = (model: Model, ids: readonly number[], typeIds: readonly number[] = ids.map(() => 0)) =>
  inferenceMode(() =>
    model.forward({
      inputIds: tensor([[...ids]], { dtype: 'int64' }),
      tokenTypeIds: tensor([[...typeIds]], { dtype: 'int64' }),
    }),
  );

export const softmax = (logits: readonly number[]): number[] => {
  const weights = logits.map(logit => Math.exp(logit - Math.max(...logits)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map(weight => weight / sum);
};

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
