import { describe, expect, it } from 'vitest';
import { createFromConfig, createModel, loadCompleteModel } from '../../../src/models/auto.ts';
import type { Model, ModelInputs } from '../../../src/models/model.ts';
import { KVCache } from '../../../src/nn/index.ts';
import {
  backward,
  inferenceMode,
  memoryStats,
  noGrad,
  randint,
  scope,
  type Tensor,
  withSeed,
} from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { forwardPeak, keysOf, run, saved } from './helpers.ts';

const scratch = scratchFolder();

const configs: Record<string, Record<string, unknown>> = {
  bert: {
    model_type: 'bert',
    vocab_size: 30,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 24,
    max_position_embeddings: 4096,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
  },
  // Rotary positions, and keys and values for groups of heads.
  llama: {
    model_type: 'llama',
    vocab_size: 30,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 24,
    max_position_embeddings: 4096,
  },
  bart: {
    model_type: 'bart',
    vocab_size: 30,
    d_model: 16,
    encoder_layers: 1,
    decoder_layers: 2,
    encoder_attention_heads: 2,
    decoder_attention_heads: 2,
    encoder_ffn_dim: 24,
    decoder_ffn_dim: 24,
    max_position_embeddings: 32,
  },
};

/** Larger weights than a new model has, so that attention is not the same everywhere. */
function make(config: Record<string, unknown>): Model {
  const model = createFromConfig(config, { seed: 1 });
  noGrad(() =>
    scope(() => {
      for (const parameter of model.parameters()) if (parameter.dim > 1) parameter.mul_(8);
    }),
  );
  return model.eval();
}
const performer = (name: string, features: number, seed = 0): Model =>
  make({ ...configs[name], performer: { features, seed } });

const draw = (shape: number[], seed = 2): Tensor => withSeed(seed, () => randint(3, 30, shape, { dtype: 'int64' }));
const inputs: Record<string, ModelInputs> = {
  bert: { inputIds: draw([2, 20]) },
  llama: { inputIds: draw([2, 20]) },
  bart: { inputIds: draw([2, 20]), decoderInputIds: draw([2, 12], 3) },
};

describe.each(['bert', 'llama', 'bart'])('%s', name => {
  const exact = run(make(configs[name]), inputs[name]).logits!;

  it('approaches full attention with more features', () => {
    // The mean over seeds, since a single draw may be lucky.
    const errors = [16, 256, 4096].map(features => {
      const each = [1, 2, 3, 4].map(seed => {
        const { logits } = run(performer(name, features, seed), inputs[name]);
        return logits!.sub(exact).square().mean().item();
      });
      return each.reduce((sum, error) => sum + error) / each.length;
    });
    // The squared error falls as 1 / features, with a heavy tail for keys far from the origin.
    expect(errors[0] / errors[1]).toBeGreaterThan(2);
    expect(errors[1] / errors[2]).toBeGreaterThan(2);
    expect(errors[0] / errors[2]).toBeGreaterThan(10);
    expect(Math.sqrt(errors[2])).toBeLessThan(0.07 * Math.sqrt(exact.square().mean().item()));
  });

  it('has the weights of the exact model and no others', () => {
    const [plain, estimated] = [make(configs[name]), performer(name, 8)];
    expect(keysOf(estimated)).toEqual(keysOf(plain));
    const again = loadCompleteModel(saved(`${scratch}/${name}`, estimated));
    expectClose(run(again, inputs[name]).logits!, run(estimated, inputs[name]).logits!);
  });

  it('draws other directions from another seed, the same from the same', () => {
    const [one, same, other] = [0, 0, 1].map(seed => run(performer(name, 8, seed), inputs[name]).logits!);
    expect(same.equal(one)).toBe(true);
    expect(other.sub(one).abs().amax().item()).toBeGreaterThan(1e-3);
  });

  it('learns', () => {
    const model = createFromConfig({ ...configs[name], performer: { features: 32 } }, { seed: 1 }).train();
    const step = (): number =>
      scope(() => {
        const { loss } = model.forward({
          ...inputs[name],
          labels: inputs[name].decoderInputIds ?? inputs[name].inputIds,
        });
        model.zeroGrad();
        backward(loss!);
        noGrad(() => {
          for (const parameter of model.parameters()) {
            if (parameter.grad) parameter.sub_(parameter.grad, { alpha: 0.5 });
          }
        });
        return loss!.item();
      });
    const losses = Array.from({ length: 8 }, step);
    expect(losses[7]).toBeLessThan(0.9 * losses[0]);
  });

  it('frees its directions', () => {
    const count = (): number => memoryStats().tensors;
    const before = count();
    const model = performer(name, 8);
    const weights = count();
    scope(() => {
      run(model, inputs[name]);
    });
    expect(count()).toBeGreaterThan(weights);
    model.dispose();
    expect(count()).toBe(before);
  });
});

describe('padding', () => {
  it('is not seen by an encoder', () => {
    const model = performer('bert', 16);
    const ids = draw([1, 9]).toArray() as number[][];
    const padded = {
      inputIds: int64([[...ids[0], 7, 8, 9]]),
      attentionMask: int64([[...ids[0].map(() => 1), 0, 0, 0]]),
    };
    const expected = run(model, { inputIds: int64(ids) }).logits!;
    expectClose(run(model, padded).logits!.narrow(1, 0, 9), expected, { atol: 1e-4, rtol: 1e-4 });
  });

  it('on the left is not seen by a decoder', () => {
    const model = performer('llama', 16);
    const ids = draw([1, 9]).toArray() as number[][];
    const padded = {
      inputIds: int64([[7, 8, 9, ...ids[0]]]),
      attentionMask: int64([[0, 0, 0, ...ids[0].map(() => 1)]]),
      positionIds: int64([[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]]),
    };
    const expected = run(model, { inputIds: int64(ids) }).logits!;
    expectClose(run(model, padded).logits!.narrow(1, 3, 9), expected, { atol: 1e-4, rtol: 1e-4 });
  });
});

it('in a decoder no position sees a later one', () => {
  const model = performer('llama', 16);
  const ids = draw([1, 12]);
  const whole = run(model, { inputIds: ids }).logits!;
  expectClose(run(model, { inputIds: ids.narrow(1, 0, 7) }).logits!, whole.narrow(1, 0, 7), { atol: 1e-4, rtol: 1e-4 });
});

it.each(['llama', 'bart'])('gives the same with a cache: %s', name => {
  const model = performer(name, 16);
  const read = name === 'bart' ? 'decoderInputIds' : 'inputIds';
  const ids = inputs[name][read]!;
  const expected = run(model, inputs[name]).logits!;
  const { layerCount } = model.backbone;
  using cache = new KVCache(layerCount, ids.size(1));
  for (const length of [5, 1, 1, ids.size(1) - 7]) {
    const start = cache.length;
    const part = run(model, { ...inputs[name], [read]: ids.narrow(1, start, length), cache }).logits!;
    expectClose(part, expected.narrow(1, start, length), { atol: 2e-4, rtol: 1e-3 });
  }
});

it('trains after its directions were drawn without gradients', () => {
  const model = performer('bert', 8);
  inferenceMode(() => scope(() => model.forward(inputs.bert).logits!.sum().item()));
  const { loss } = model.forward({ ...inputs.bert, labels: inputs.bert.inputIds });
  backward(loss!);
  const { grad } = model.parameters().at(-1)!;
  expect(grad!.isfinite().all().item()).toBe(1);
});

it.each(['bert', 'llama'])('takes memory that grows with the text: %s', name => {
  const model = performer(name, 16);
  expect(forwardPeak(model, 4096) / forwardPeak(model, 2048)).toBeLessThan(2.3);
  // What a matrix of all pairs takes, by the same count: float64 has no kernel that does without.
  const full = make(configs[name]).to({ dtype: 'float64' });
  expect(forwardPeak(full, 1024) / forwardPeak(full, 512)).toBeGreaterThan(3);
});

describe('config.json', () => {
  it.each([
    [{ model_type: 'bloom', hidden_size: 16, n_layer: 1, n_head: 2 }, /ALiBi/],
    [{ model_type: 't5', d_model: 16, d_kv: 8, d_ff: 16, num_layers: 1, num_heads: 2 }, /relative positions/],
    [{ model_type: 'gemma2', attn_logit_softcapping: 50 }, /caps scores/],
    [{ model_type: 'mistral', sliding_window: 8 }, /sliding windows/],
    [{ model_type: 'xlnet', d_model: 16, n_layer: 1, n_head: 2, d_inner: 16 }, /of its own kind/],
    [{ model_type: 'longformer', attention_window: 4 }, /sparse already/],
    [{ model_type: 'big_bird', block_size: 2 }, /sparse already/],
  ])('%j cannot be a Performer', (config, reason) => {
    const small = {
      vocab_size: 30,
      num_hidden_layers: 1,
      hidden_size: 16,
      num_attention_heads: 2,
      intermediate_size: 16,
    };
    const rotary = { ...small, num_key_value_heads: 1, head_dim: 8 };
    const base = ['gemma2', 'mistral'].includes(config.model_type)
      ? rotary
      : 'block_size' in config || 'attention_window' in config
        ? small
        : { vocab_size: 30 };
    expect(() => createFromConfig({ ...base, ...config, performer: {} }, { seed: 1 })).toThrow(reason);
  });

  it.each([
    [{ features: 0 }, /performer.features/],
    [{ feature: 8 }, /feature/],
    [{ seed: -1 }, /performer.seed/],
  ])('performer %j is refused', (wrong, message) => {
    expect(() => createFromConfig({ ...configs.bert, performer: wrong }, { seed: 1 })).toThrow(message);
  });

  it('comes from the options of a new model', () => {
    const sizes = { layers: 1, hidden: 16, heads: 2, context: 16, vocabSize: 30 };
    const model = createModel('gpt2', sizes, { seed: 1, performer: { features: 8, seed: 3 } });
    expect(model.config.performer).toEqual({ features: 8, seed: 3 });
    const exact = createModel('gpt2', sizes, { seed: 1 });
    const [a, b] = [model, exact].map(each => run(each.eval(), { inputIds: draw([1, 10]) }).logits!);
    expect(a.sub(b).abs().amax().item()).toBeGreaterThan(1e-6);
    expectClose(a, b, { atol: 0.2 });
  });
});
