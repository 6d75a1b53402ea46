import { describe, expect, it } from 'vitest';
import { layerPredictions } from '../../src/explain/logit-lens.ts';
import type { Decoder } from '../../src/models/decoder.ts';
import type { Model, ModelInputs } from '../../src/models/model.ts';
import { inferenceMode, tensor } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyModel, wordTokenizer } from '../tasks/helpers.ts';

const tokenizer = wordTokenizer();
const text = 'the unloving cat sat on the mat .';
const { ids, tokens } = tokenizer.encode(text);

/** The best words at each position by the model's own output. */
function bestOf(model: Model, inputs: ModelInputs, topK: number): { id: number; probability: number }[][] {
  const output = inferenceMode(() => model.forward(inputs));
  const rows = (output.logits ?? output.predictionLogits!).softmax(-1).toArray() as number[][][];
  return rows[0].map(row =>
    [...row.keys()]
      .sort((a, b) => row[b] - row[a])
      .slice(0, topK)
      .map(id => ({ id, probability: expect.closeTo(row[id], 4) })),
  );
}

const int64 = (rows: number[][]) => tensor(rows, { dtype: 'int64' });

describe('layer predictions', () => {
  it.each([
    ['gpt2', 'GPT2LMHeadModel'],
    ['llama', 'LlamaForCausalLM'],
    ['gemma2', 'Gemma2ForCausalLM'],
    ['bert', 'BertForMaskedLM'],
    ['bert', 'BertForPreTraining'],
    ['albert', 'AlbertForMaskedLM'],
    ['roberta', 'RobertaForMaskedLM'],
  ])('of %s (%s) end with what the model says', (modelType, architecture) => {
    using model = tinyModel(modelType, architecture);
    const found = layerPredictions(model, tokenizer, text, { topK: 3 });
    expect(found.tokens).toEqual(tokens);
    expect(found.layers).toHaveLength(model.backbone.layerCount + 1);
    const last = found.layers.at(-1)!;
    expect(last.map(words => words.map(({ id, probability }) => ({ id, probability })))).toEqual(
      bestOf(model, { inputIds: int64([ids]) }, 3),
    );
    for (const layer of found.layers) {
      expect(layer.map(words => words.length)).toEqual(ids.map(() => 3));
      for (const words of layer) expect(words[0].token).toBe(tokenizer.decode([words[0].id]));
    }
  });

  it('put the norm and the output layer on the states in between', () => {
    using model = tinyModel('llama', 'LlamaForCausalLM');
    const [, first] = layerPredictions(model, tokenizer, text, { topK: 37 }).layers;
    const { hiddenStates } = inferenceMode(() => model.forward({ inputIds: int64([ids]), outputHiddenStates: true }));
    const { stack } = model.backbone as Decoder;
    const { logits } = inferenceMode(() =>
      model.head!.forward({ lastHiddenState: stack.norm!.forward(hiddenStates![1]) }, {}),
    );
    const expected = logits!.softmax(-1).toArray() as number[][][];
    for (const [position, words] of first.entries()) {
      for (const { id, probability } of words) expect(probability).toBeCloseTo(expected[0][position][id], 5);
    }
  });

  it.each([
    ['t5', 'T5ForConditionalGeneration'],
    ['bart', 'BartForConditionalGeneration'],
  ])('of %s are those of its decoder', (modelType, architecture) => {
    using model = tinyModel(modelType, architecture);
    const found = layerPredictions(model, tokenizer, text, { topK: 2, target: 'a dog .' });
    const target = tokenizer.encode('a dog .').ids;
    const start = Number(model.config.decoder_start_token_id);
    const decoderInputIds = int64([[start, ...target.slice(0, -1)]]);
    expect(found.layers.at(-1)!.map(words => words.map(({ id, probability }) => ({ id, probability })))).toEqual(
      bestOf(model, { inputIds: int64([ids]), decoderInputIds }, 2),
    );
    expect(found.tokens.slice(1)).toEqual(tokenizer.encode('a dog .').tokens.slice(0, -1));
  });

  it('are refused where no words are predicted', async () => {
    for (const [modelType, architecture] of [
      ['bert', 'BertModel'],
      ['bert', 'BertForSequenceClassification'],
      ['xlnet', 'XLNetLMHeadModel'],
    ]) {
      using model = tinyModel(modelType, architecture);
      expect(await errorOf(() => layerPredictions(model, tokenizer, text))).toMatchObject({
        code: 'TSLM_NOT_SUPPORTED',
      });
    }
  });
});
