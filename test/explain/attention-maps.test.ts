import { describe, expect, it } from 'vitest';
import { attentionMaps } from '../../src/explain/attention-maps.ts';
import { inferenceMode, tensor } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyModel, wordTokenizer } from '../tasks/helpers.ts';

const tokenizer = wordTokenizer();
const text = 'the unloving cat sat on the mat .';
const ids = tokenizer.encode(text).ids;
const inputIds = () => tensor([ids], { dtype: 'int64' });

/** Sums of all rows. */
const rowSums = (weights: Float32Array, keys: number): number[] =>
  Array.from({ length: weights.length / keys }, (_, row) =>
    weights.subarray(row * keys, (row + 1) * keys).reduce((a, b) => a + b, 0),
  );

const performer = { features: 16 };

describe('attention maps', () => {
  it.each([
    ['gpt2', 'GPT2LMHeadModel', {}],
    ['llama', 'LlamaForCausalLM', {}],
    ['mistral', 'MistralForCausalLM', {}],
    ['gemma2', 'Gemma2ForCausalLM', {}],
    ['bloom', 'BloomForCausalLM', {}],
    ['bert', 'BertForMaskedLM', {}],
    ['albert', 'AlbertForMaskedLM', {}],
    ['xlnet', 'XLNetLMHeadModel', {}],
    ['big_bird', 'BigBirdForMaskedLM', {}],
    ['big_bird', 'BigBirdForMaskedLM', { block_size: 1, num_random_blocks: 1 }],
    ['longformer', 'LongformerForMaskedLM', {}],
    ['longformer', 'LongformerForSequenceClassification', {}],
    ['longformer', 'LongformerForQuestionAnswering', {}],
    ['bert', 'BertForMultipleChoice', {}],
    ['gpt2', 'GPT2LMHeadModel', { performer }],
    ['bert', 'BertForMaskedLM', { performer }],
  ] as const)('of %s (%s %j) sum to one in each row', (modelType, architecture, more) => {
    using model = tinyModel(modelType, architecture, more);
    const { tokens, maps } = attentionMaps(model, tokenizer, text);
    expect(tokens).toEqual(tokenizer.encode(text).tokens);
    expect(maps).toHaveLength(1);
    const [{ kind, queries, keys, layers, heads, weights }] = maps;
    expect([kind, queries, keys]).toEqual(['self', tokens, tokens]);
    expect(weights).toHaveLength(layers * heads * ids.length ** 2);
    expect(layers).toBe(model.backbone.layerCount);
    for (const sum of rowSums(weights, ids.length)) expect(sum).toBeCloseTo(1, 4);
  });

  it('are what the model computes with', () => {
    using model = tinyModel('bert', 'BertModel');
    const [{ weights }] = attentionMaps(model, tokenizer, text).maps;
    const { attentions } = inferenceMode(() => model.forward({ inputIds: inputIds(), outputAttentions: true }));
    expect(Array.from(weights)).toEqual(attentions!.flatMap(attention => attention.toNumbers()));
  });

  it('of a decoder look only back', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const [{ weights }] = attentionMaps(model, tokenizer, text).maps;
    const { length } = ids;
    for (const [i, weight] of weights.entries()) {
      if (i % length > Math.floor(i / length) % length) expect(weight).toBe(0);
    }
  });

  it('of Longformer hold its window and its global token', () => {
    using model = tinyModel('longformer', 'LongformerForSequenceClassification');
    const [{ weights, heads }] = attentionMaps(model, tokenizer, text).maps;
    const { length } = ids;
    const at = (layer: number, query: number, key: number): number =>
      weights[(layer * heads * length + query) * length + key];
    for (const [layer, window] of [2, 3].entries()) {
      for (let query = 0; query < length; query++) {
        for (let key = 0; key < length; key++) {
          const sees = query === 0 || key === 0 || Math.abs(query - key) <= window;
          expect(at(layer, query, key) > 0).toBe(sees);
        }
      }
    }
  });

  it.each([
    ['t5', 'T5ForConditionalGeneration'],
    ['bart', 'BartForConditionalGeneration'],
    ['encoder-decoder', 'EncoderDecoderModel'],
  ])('of an encoder–decoder are three: %s', (modelType, architecture) => {
    using model = tinyModel(modelType, architecture);
    const { tokens, maps } = attentionMaps(model, tokenizer, text, { target: 'a dog .' });
    expect(maps.map(({ kind }) => kind)).toEqual(['encoder', 'decoder', 'cross']);
    const [encoder, decoder, cross] = maps;
    const target = tokenizer.encode('a dog .');
    expect(encoder.queries).toEqual(tokens);
    expect(decoder.queries.slice(1)).toEqual(target.tokens.slice(0, -1));
    expect(cross.queries).toEqual(decoder.queries);
    expect(cross.keys).toEqual(tokens);
    for (const { weights, keys } of maps)
      for (const sum of rowSums(weights, keys.length)) expect(sum).toBeCloseTo(1, 4);
    const answered = attentionMaps(model, tokenizer, text).maps[2];
    expect(answered.queries.length).toBeGreaterThan(0);
  });

  it('refuse what they cannot show', async () => {
    using decoder = tinyModel('gpt2', 'GPT2LMHeadModel');
    expect(await errorOf(() => attentionMaps(decoder, tokenizer, text, { target: 'a' }))).toMatchObject({
      code: 'TSLM_NOT_SUPPORTED',
    });
    expect(await errorOf(() => attentionMaps(decoder, tokenizer, 'cat '.repeat(40)))).toMatchObject({
      code: 'TSLM_TOO_LONG',
    });
    using images = tinyModel('vit', 'ViTModel');
    expect(await errorOf(() => attentionMaps(images, tokenizer, text))).toMatchObject({ code: 'TSLM_READS_IMAGES' });
    using endless = tinyModel('t5', 'T5EncoderModel');
    expect(await errorOf(() => attentionMaps(endless, tokenizer, 'cat '.repeat(9000)))).toMatchObject({
      code: 'TSLM_TOO_LONG',
    });
  });
});
