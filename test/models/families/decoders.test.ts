/** What holds of every decoder family. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel, saveModel } from '../../../src/models/auto.ts';
import { families } from '../../../src/models/families/index.ts';
import { withWarnings } from '../../../src/support/warnings.ts';
import { backward, type Tensor, tensor } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { expectLogits, logitsInSteps, logitsOf, sizes, text, tolerance } from './decoders.ts';
import { keysOf, randomModel, run } from './helpers.ts';

const scratch = scratchFolder();

/** A window, a part of each head, several layer types: what makes families differ. */
const configs: Record<string, Record<string, unknown>> = {
  gpt2: { vocab_size: 20, n_embd: 16, n_layer: 2, n_head: 2, n_positions: 16 },
  bloom: { vocab_size: 20, hidden_size: 18, n_layer: 2, n_head: 6 },
  llama: { ...sizes, attention_bias: true, mlp_bias: true },
  mistral: { ...sizes, sliding_window: 5 },
  qwen2: { ...sizes, use_sliding_window: true, sliding_window: 4, max_window_layers: 1 },
  qwen3: { ...sizes },
  phi3: { ...sizes, partial_rotary_factor: 0.5, sliding_window: 7 },
  gemma2: { ...sizes, sliding_window: 5, query_pre_attn_scalar: 9 },
  gemma3_text: { ...sizes, sliding_window: 4, sliding_window_pattern: 2, query_pre_attn_scalar: 9 },
};

describe.each(Object.entries(configs))('%s', (modelType, config) => {
  const model = randomModel({ model_type: modelType, ...config });
  afterAll(() => model.dispose());
  const family = families[modelType];

  it('computes the same with a cache, whatever the steps', () => {
    const expected = logitsOf(model, text).toArray() as number[][];
    for (const chunks of [text.map(() => 1), [5, 1, 1, 5], [12]]) {
      expectClose(tensor(logitsInSteps(model, text, chunks)), tensor(expected), tolerance);
    }
  });

  it('padding on the left changes nothing for a text', () => {
    const alone = logitsOf(model, text.slice(0, 6)).toArray() as number[][];
    const positions = [0, 0, 0, 0, 1, 2, 3, 4, 5];
    const padded = logitsOf(model, [9, 9, 9, ...text.slice(0, 6)], {
      attentionMask: int64([[0, 0, 0, 1, 1, 1, 1, 1, 1]]),
      positionIds: int64([positions]),
    });
    expectClose(padded.narrow(0, 3, 6), tensor(alone), tolerance);
  });

  it('what comes later does not matter', () => {
    expectClose(logitsOf(model, text).narrow(0, 0, 7), logitsOf(model, text.slice(0, 7)), tolerance);
  });

  it('bfloat16 weights give nearly the same', () => {
    const folder = join(scratch, modelType, 'model');
    const fresh = createFromConfig({ model_type: modelType, ...config }, { seed: 3 });
    saveModel(folder, fresh);
    const exact = loadCompleteModel(folder);
    const rounded = loadCompleteModel(folder, { dtype: 'bfloat16' });
    expect(rounded.parameters()[0].dtype).toBe('bfloat16');
    const [a, b] = [exact, rounded].map(each => logitsOf(each, text).to('float32'));
    const scale = a.abs().amax().item();
    expect(b.sub(a).abs().amax().item()).toBeLessThan(0.04 * scale);
    expect(b.sub(a).abs().amax().item()).toBeGreaterThan(0);
    for (const each of [fresh, exact, rounded]) each.dispose();
  });

  it.each(Object.entries(family.architectures))('%s comes back as it was saved', (architecture, task) => {
    const made = randomModel({ model_type: modelType, architectures: [architecture], pad_token_id: 9, ...config });
    expect(made.task).toBe(task);
    const folder = join(scratch, architecture);
    saveModel(folder, made);
    const loaded = loadCompleteModel(folder);
    expect(keysOf(loaded)).toEqual(keysOf(made));
    const weights = new Map(loaded.namedParameters());
    for (const [path, weight] of made.namedParameters()) {
      expect(weights.get(path)!.toNumbers(), path).toEqual(weight.toNumbers());
    }
    // The weights are the same; a file may hold them transposed, and then some processors sum their products in another
    // order.
    const outputs = [made, loaded].map(each => run(each, { inputIds: int64([text]) }));
    for (const name of ['lastHiddenState', 'logits', 'startLogits', 'endLogits'] as const) {
      const [a, b] = outputs.map(output => output[name] as Tensor | undefined);
      expect(a === undefined).toBe(b === undefined);
      if (!a || !b) continue;
      expect(b.shape).toEqual(a.shape);
      expect(b.sub(a).abs().amax().item()).toBeLessThan(1e-5);
    }
    made.dispose();
    loaded.dispose();
  });

  it('learns from a recipe’s sizes', () => {
    const wanted = { layers: 2, hidden: 32, heads: 2, context: 12, vocabSize: 20 };
    const made = createModel(modelType, wanted, { seed: 5, dropout: 0.1, eosTokenId: 1 });
    expect(made.maxPositions).toBe(12);
    expect(made.backbone.hidden).toBe(32);
    expect(made.backbone.layerCount).toBe(2);
    const inputIds = int64([text]);
    const { loss, logits } = made.eval().forward({ inputIds, labels: inputIds });
    expect(logits!.shape).toEqual([1, 12, 20]);
    expect(Math.abs(loss!.item() - Math.log(20))).toBeLessThan(0.5);
    backward(made.train().forward({ inputIds, labels: inputIds }).loss!);
    for (const [path, parameter] of made.namedParameters()) {
      expect(Number.isFinite(parameter.grad?.abs().sum().item()), path).toBe(true);
    }
    made.dispose();
  });

  it('warns of a key that it does not know, and names it', () => {
    const warnings: string[] = [];
    const odd = { model_type: modelType, ...config, flux_capacity: 3 };
    withWarnings(
      message => warnings.push(message),
      () => createFromConfig(odd, { seed: 1 }).dispose(),
    );
    expect(warnings).toEqual(["config.json: unknown key 'flux_capacity' has no effect"]);
  });
});

describe('the same said in the styles of Transformers 4 and 5', () => {
  const longrope = {
    short_factor: [1, 1.1, 1.2, 1.5],
    long_factor: [1, 2, 3, 4],
  };
  it.each([
    [
      'llama',
      { rope_theta: 500, rope_scaling: { type: 'linear', factor: 2 }, torch_dtype: 'float32' },
      { rope_parameters: { rope_type: 'linear', rope_theta: 500, factor: 2 }, dtype: 'float32' },
    ],
    [
      'mistral',
      { rope_theta: 700, sliding_window: null },
      { rope_parameters: { rope_type: 'default', rope_theta: 700 }, sliding_window: null },
    ],
    [
      'qwen2',
      { rope_theta: 700, use_sliding_window: true, sliding_window: 3, max_window_layers: 1 },
      {
        rope_parameters: { rope_type: 'default', rope_theta: 700 },
        use_sliding_window: true,
        sliding_window: 3,
        layer_types: ['full_attention', 'sliding_attention'],
      },
    ],
    [
      'qwen3',
      { rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 8 } },
      { rope_parameters: { rope_type: 'yarn', rope_theta: 10000, factor: 4, original_max_position_embeddings: 8 } },
    ],
    [
      'phi3',
      { original_max_position_embeddings: 8, rope_theta: 900, rope_scaling: { type: 'su', ...longrope } },
      {
        rope_parameters: { rope_type: 'longrope', rope_theta: 900, original_max_position_embeddings: 4, ...longrope },
        original_max_position_embeddings: 8, // goes before that inside
      },
    ],
    [
      'gemma2',
      { rope_theta: 900, sliding_window: 3, hidden_act: 'gelu_pytorch_tanh', sliding_window_size: 3 },
      {
        rope_parameters: { rope_theta: 900 },
        sliding_window: 3,
        layer_types: ['sliding_attention', 'full_attention'],
      },
    ],
    [
      'gemma3_text',
      {
        rope_theta: 900,
        rope_local_base_freq: 100,
        sliding_window: 3,
        sliding_window_pattern: 2,
        rope_scaling: { rope_type: 'linear', factor: 8 },
      },
      {
        rope_parameters: {
          full_attention: { rope_type: 'linear', rope_theta: 900, factor: 8 },
          sliding_attention: { rope_type: 'default', rope_theta: 100 },
        },
        sliding_window: 3,
        layer_types: ['sliding_attention', 'full_attention'],
      },
    ],
  ])('%s', (modelType, old, now) => {
    const [one, other] = [old, now].map(keys => randomModel({ model_type: modelType, ...sizes, ...keys }));
    expectLogits(one, text, logitsOf(other, text).toArray() as number[][]);
    // And it is not what the defaults say.
    const plain = randomModel({ model_type: modelType, ...sizes });
    expect(logitsOf(one, text).sub(logitsOf(plain, text)).abs().amax().item()).toBeGreaterThan(1e-3);
    for (const each of [one, other, plain]) each.dispose();
  });
});
