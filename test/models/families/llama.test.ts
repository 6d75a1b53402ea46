import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadCompleteModel, loadModel } from '../../../src/models/auto.ts';
import { rotaryFrequencies } from '../../../src/nn/index.ts';
import { tensor } from '../../../src/torch/index.ts';
import { ropeCases } from '../../helpers/rope.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { expectLogits, logitsInSteps, logitsOf, refusal, sizes, text, tolerance } from './decoders.ts';
import { keysOf, randomModel, rename, run, saved } from './helpers.ts';
import { weightsOf } from './naive.ts';
import { naiveRotaryDecoder, type RotarySpec } from './naive-decoder.ts';

const scratch = scratchFolder();
const llama = (more: Record<string, unknown> = {}) => randomModel({ model_type: 'llama', ...sizes, ...more });
const frequencies = Array.from({ length: 4 }, (_, i) => 10_000 ** (-i / 4));
const spec: RotarySpec = { layers: 2, heads: 4, kvHeads: 2, headDim: 8, frequencies: () => frequencies };

describe('the network', () => {
  it.each<[string, Record<string, unknown>, Partial<RotarySpec>]>([
    ['with wide heads and shared keys', {}, {}],
    ['with a key of its own for each head', { num_key_value_heads: null }, { kvHeads: 4 }],
    ['with one key for all heads', { num_key_value_heads: 1 }, { kvHeads: 1 }],
    ['with heads that share hidden_size out', { head_dim: null }, { headDim: 4, frequencies: () => [1, 0.01] }],
    ['with biases everywhere', { attention_bias: true, mlp_bias: true }, {}],
    ['with one table for input and output', { tie_word_embeddings: true }, {}],
    ['with another activation', { hidden_act: 'relu' }, { activation: x => Math.max(0, x) }],
    ['with another epsilon', { rms_norm_eps: 0.1 }, { eps: 0.1 }],
  ])('is the paper’s %s', (_, config, own) => {
    const model = llama(config);
    expectLogits(model, text, naiveRotaryDecoder(weightsOf(model), text, { ...spec, ...own }));
    model.dispose();
  });

  it('reads past padding, and turns by the positions that are given', () => {
    const model = llama();
    const [mask, positions] = [
      [1, 1, 0, 1, 1, 0],
      [0, 1, 1, 2, 5, 6],
    ];
    const expected = naiveRotaryDecoder(weightsOf(model), text.slice(0, 6), { ...spec, mask, positions });
    expectLogits(model, text.slice(0, 6), expected, { attentionMask: int64([mask]), positionIds: int64([positions]) });
    model.dispose();
  });
});

describe('rotary positions', () => {
  const long = [...text, ...text];
  const rope = (rope_parameters: Record<string, unknown>) => llama({ rope_parameters });

  it.each(ropeCases)('$name', ({ length, rope_parameters, inverse_frequencies, attention_factor }) => {
    const model = rope(rope_parameters);
    const ids = long.slice(0, length);
    const own = { frequencies: () => inverse_frequencies, attentionFactor: attention_factor };
    const expected = naiveRotaryDecoder(weightsOf(model), ids, { ...spec, ...own });
    expectLogits(model, ids, expected);
    const isDynamic = ['dynamic', 'longrope'].includes(String(rope_parameters.rope_type));
    const growsBeyond = isDynamic && length > (rope_parameters.rope_type === 'dynamic' ? 16 : 8);
    const stepwise = tensor(logitsInSteps(model, ids, [length - 2, 1, 1]));
    if (!growsBeyond) expectClose(stepwise, tensor(expected), tolerance);
    model.dispose();
  });

  it('a cache keeps the keys as they were turned, which a dynamic base changes later', () => {
    const model = rope({ rope_type: 'dynamic', factor: 2 });
    const whole = logitsOf(model, long);
    const difference = (chunks: number[]) =>
      tensor(logitsInSteps(model, long, chunks))
        .sub(whole)
        .abs()
        .amax()
        .item();
    expect(difference([24])).toBeLessThan(1e-4);
    expect(difference([16, 8])).toBeGreaterThan(1e-3);
    model.dispose();
  });

  it('a cache that begins beyond the length of pretraining keeps the long factors', () => {
    const factors = { short_factor: [1, 1, 1, 1], long_factor: [1, 2, 4, 8] };
    const model = rope({ rope_type: 'longrope', original_max_position_embeddings: 8, ...factors });
    expectClose(tensor(logitsInSteps(model, text, [9, 1, 1, 1])), logitsOf(model, text), tolerance);
    const early = tensor(logitsInSteps(model, text, [8, 1, 1, 1, 1]));
    expect(early.sub(logitsOf(model, text)).abs().amax().item()).toBeGreaterThan(1e-3);
    model.dispose();
  });
});

describe('checkpoints', () => {
  it('question answering has a prefix of its own, and takes a language model’s', () => {
    const asked = llama({ architectures: ['LlamaForQuestionAnswering'] });
    const keys = keysOf(asked);
    expect(keys[0]).toBe('transformer.embed_tokens.weight');
    expect(keys.filter(key => key.startsWith('model.'))).toEqual([]);
    expect(keys.slice(-2)).toEqual(['qa_outputs.weight', 'qa_outputs.bias']);
    const folder = saved(join(scratch, 'renamed'), asked, tensors => rename(tensors, /^transformer\./, 'model.'));
    const other = loadCompleteModel(folder);
    const [a, b] = [asked, other].map(model => run(model, { inputIds: int64([text]) }).startLogits!.toNumbers());
    expect(b).toEqual(a);
    asked.dispose();
    other.dispose();
  });

  it('classifies a text at its last token that is no padding', () => {
    const config = { architectures: ['LlamaForSequenceClassification'], num_labels: 3, pad_token_id: 0 };
    const model = llama(config);
    expect(keysOf(model).at(-1)).toBe('score.weight');
    const rows = [
      [3, 5, 7, 0, 0],
      [3, 5, 7, 4, 6],
    ];
    const { logits, loss } = run(model, { inputIds: int64(rows), labels: tensor([2, 0], { dtype: 'int64' }) });
    const states = run(model, { inputIds: int64(rows) }).lastHiddenState;
    const w = weightsOf(model).matrix('score.weight');
    const at = (row: number, place: number) => {
      const x = states.select(0, row).select(0, place).toNumbers();
      return w.map(weights => weights.reduce((sum, value, i) => sum + value * x[i], 0));
    };
    const expected = [at(0, 2), at(1, 4)];
    expectClose(logits!, tensor(expected), tolerance);
    const nll = (scores: number[], label: number) =>
      Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[label];
    expect(loss!.item()).toBeCloseTo((nll(expected[0], 2) + nll(expected[1], 0)) / 2, 4);
    model.dispose();
    // Without an id of padding the mask says where a text ends, and without a mask all of it is text.
    const without = llama({ ...config, pad_token_id: null });
    const attentionMask = int64([
      [1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1],
    ]);
    const masked = run(without, { inputIds: int64(rows), attentionMask });
    const whole = run(without, { inputIds: int64(rows) });
    const score = weightsOf(without).matrix('score.weight');
    const scored = ({ lastHiddenState }: typeof masked, row: number, place: number) => {
      const x = lastHiddenState.select(0, row).select(0, place).toNumbers();
      return score.map(weights => weights.reduce((sum, value, i) => sum + value * x[i], 0));
    };
    expectClose(masked.logits!, tensor([scored(masked, 0, 2), scored(masked, 1, 4)]), tolerance);
    expectClose(whole.logits!, tensor([scored(whole, 0, 4), scored(whole, 1, 4)]), tolerance);
    without.dispose();
  });

  it('labels every token with the same key for its layer, which has a bias', () => {
    const model = llama({ architectures: ['LlamaForTokenClassification'], num_labels: 3 });
    expect(keysOf(model).slice(-2)).toEqual(['score.weight', 'score.bias']);
    expect(run(model, { inputIds: int64([text]) }).logits!.shape).toEqual([1, 12, 3]);
    model.dispose();
  });

  it('an old checkpoint’s frequencies mean nothing', () => {
    const model = llama();
    const folder = saved(join(scratch, 'old'), model, tensors => {
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', tensor(rotaryFrequencies(10_000, 8), [4]));
    });
    const loaded = loadModel(folder);
    expect(loaded.unexpected).toEqual([]);
    loaded.model.dispose();
    model.dispose();
  });
});

describe('config.json', () => {
  const base = { model_type: 'llama', ...sizes };

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['shared heads', { num_key_value_heads: 3 }, /num_attention_heads \(4\) .* num_key_value_heads \(3\)/],
    ['widths', { head_dim: null, num_attention_heads: 3, num_key_value_heads: 3 }, /hidden_size \(16\).*_heads \(3\)/],
    ['odd heads', { head_dim: 5 }, /head_dim must be even, and is 5/],
    ['rope types', { rope_scaling: { type: 'yam' } }, /'rope_scaling': rope type 'yam'/],
    ['interleaved pairs', { rope_interleaved: true }, /'rope_interleaved': is not supported/],
    [
      'quantisation',
      { quantization_config: { bits: 4 } },
      /'quantization_config': quantized weights are not supported yet/,
    ],
  ])('says what is wrong with %s', (_, change, message) => {
    expect(refusal({ ...base, ...change })).toMatch(message);
  });

  it('of published checkpoints is read', () => {
    const published = {
      _name_or_path: 'somewhere',
      is_llama_config: true,
      rope_interleaved: false,
      pretraining_tp: 2,
      max_sequence_length: 2048,
      use_cache: true,
      'transformers.js_config': { kv_cache_dtype: {} },
      transformers_version: '4.42.3',
    };
    createFromConfig({ ...base, ...published }, { seed: 1 }).dispose();
  });

  it('padding’s vector is looked up without a gradient, where it is in the table', () => {
    for (const [pad, expected] of [
      [3, 3],
      [-1, undefined],
      [20, undefined],
    ]) {
      const model = llama({ pad_token_id: pad });
      const { word } = (model.backbone as unknown as { embeddings: { word: { paddingIdx?: number } } }).embeddings;
      expect(word.paddingIdx).toBe(expected);
      model.dispose();
    }
  });
});
