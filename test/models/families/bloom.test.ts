import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadCompleteModel } from '../../../src/models/auto.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { int64 } from '../golden.ts';
import { expectLogits, lastKeys, logitsOf, refusal, text } from './decoders.ts';
import { keysOf, randomModel, rename, saved } from './helpers.ts';
import { weightsOf } from './naive.ts';
import { naiveBloom } from './naive-decoder.ts';

const scratch = scratchFolder();
const base = { model_type: 'bloom', vocab_size: 20, hidden_size: 12, n_layer: 2, n_head: 4 };
const bloom = (more: Record<string, unknown> = {}) => randomModel({ ...base, ...more });

/** Press et al. 2022: 2^(−8/n), 2^(−16/n), …; for other numbers of heads, every other one of twice as many follows. */
const slopes: Record<number, number[]> = {
  1: [2 ** -8],
  3: [2 ** -4, 2 ** -8, 2 ** -2],
  4: [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8],
  6: [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3],
};

describe('the network', () => {
  it.each(Object.entries(slopes))('is the paper’s with %s heads', (heads, rates) => {
    const model = bloom({ n_head: Number(heads) });
    const spec = { layers: 2, heads: Number(heads), slopes: rates };
    expectLogits(model, text, naiveBloom(weightsOf(model), text, spec));
    model.dispose();
  });

  it('residual connections may begin after the norm', () => {
    const model = bloom({ apply_residual_connection_post_layernorm: true });
    const spec = { layers: 2, heads: 4, slopes: slopes[4], residualAfterNorm: true };
    expectLogits(model, text, naiveBloom(weightsOf(model), text, spec));
    model.dispose();
  });

  it('has no longest text', () => {
    const model = bloom({ seq_length: 4 });
    expect(model.maxPositions).toBe(4);
    expectLogits(model, text, naiveBloom(weightsOf(model), text, { layers: 2, heads: 4, slopes: slopes[4] }));
    model.dispose();
  });

  it('positions count from the first token that is no padding, whatever positions are given', () => {
    const model = bloom();
    const expected = logitsOf(model, text.slice(0, 4)).toNumbers();
    const padded = logitsOf(model, [9, 9, ...text.slice(0, 4)], { attentionMask: int64([[0, 0, 1, 1, 1, 1]]) });
    for (const [i, value] of padded.narrow(0, 2, 4).toNumbers().entries()) expect(value).toBeCloseTo(expected[i], 4);
    model.dispose();
  });
});

describe('config.json and checkpoints', () => {
  it('of the first checkpoints are read', () => {
    const { hidden_size: n_embed, n_head: num_attention_heads, n_layer: num_hidden_layers, ...rest } = base;
    const first = {
      attention_softmax_in_fp32: true,
      masked_softmax_fusion: true,
      bias_dropout_fusion: true,
      offset_alibi: 100,
      skip_bias_add: true,
      skip_bias_add_qkv: false,
      unk_token_id: 0,
      n_inner: null,
      seq_length: 2048,
      pretraining_tp: 4,
      slow_but_exact: false,
    };
    const model = randomModel({ ...rest, n_embed, num_attention_heads, num_hidden_layers, ...first });
    const now = bloom();
    expect(keysOf(model)).toEqual(keysOf(now));
    expect(logitsOf(model, text).toNumbers()).toEqual(logitsOf(now, text).toNumbers());
    // Their tensors are those of the bare model.
    const folder = saved(join(scratch, 'bare'), model, tensors => rename(tensors, /^transformer\./, ''));
    const loaded = loadCompleteModel(folder);
    expect(logitsOf(loaded, text).toNumbers()).toEqual(logitsOf(now, text).toNumbers());
    for (const each of [model, now, loaded]) each.dispose();
  });

  it('heads have their keys', () => {
    const last = (name: string, count: number) => lastKeys(base, `Bloom${name}`, count);
    expect(last('ForCausalLM', 1)).toEqual(['transformer.ln_f.bias']);
    expect(last('ForSequenceClassification', 1)).toEqual(['score.weight']);
    expect(last('ForTokenClassification', 2)).toEqual(['classifier.weight', 'classifier.bias']);
    expect(last('ForQuestionAnswering', 2)).toEqual(['qa_outputs.weight', 'qa_outputs.bias']);
    expect(last('Model', 1)).toEqual(['ln_f.bias']);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ n_head: 5 }, /hidden_size \(12\) must be a multiple of n_head \(5\)/],
    [{ slow_but_exact: true, pretraining_tp: 2 }, /slow_but_exact with pretraining_tp above 1/],
    [{ n_inner: 96 }, /'n_inner'/],
  ])('says what is wrong with %s', (change, message) => {
    expect(refusal({ ...base, ...change })).toMatch(message);
  });

  it('slow_but_exact sums a single slice as ever', () => {
    createFromConfig({ ...base, slow_but_exact: true }, { seed: 1 }).dispose();
  });
});
