/** One test for all families: an adapted model is the model whose checkpoint was merged by hand. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  loadAdapter,
  mergeAdapter,
  saveAdapter,
  unmergeAdapter,
  withAdapter,
} from '../../../src/models/adapters/index.ts';
import { loadCompleteModel } from '../../../src/models/auto.ts';
import { families } from '../../../src/models/families/index.ts';
import type { Model, ModelInputs, ModelOutput } from '../../../src/models/model.ts';
import { packForInference } from '../../../src/models/pack-for-inference.ts';
import type { Lora } from '../../../src/nn/index.ts';
import {
  backward,
  type DType,
  inferenceMode,
  openSafetensors,
  randint,
  randn,
  scope,
  type Tensor,
  withSeed,
} from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { randomModel, saved } from '../families/helpers.ts';
import { tinyConfigs } from '../tiny-configs.ts';
import { laidOver, rawAdapter, writeAdapter } from './raw-adapter.ts';

const scratch = scratchFolder();

const llama = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
const bert = ['query', 'key', 'value', 'dense'];
const bart = ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2'];
const gpt2 = ['c_attn', 'c_proj', 'c_fc'];
const t5 = ['q', 'k', 'v', 'o', 'wi', 'wi_0', 'wi_1', 'wo'];
/** Names of linear modules in Transformers. */
const modulesOf: Record<string, readonly string[]> = {
  albert: [...bert, 'ffn', 'ffn_output', 'embedding_hidden_mapping_in'],
  bart,
  bert,
  big_bird: bert,
  bloom: ['query_key_value', 'dense', 'dense_h_to_4h', 'dense_4h_to_h'],
  camembert: bert,
  distilbert: ['q_lin', 'k_lin', 'v_lin', 'out_lin', 'lin1', 'lin2'],
  electra: [...bert, 'embeddings_project'],
  'encoder-decoder': bert,
  gemma2: llama,
  gemma3_text: llama,
  gpt2,
  llama,
  longformer: [...bert, 'query_global', 'key_global', 'value_global'],
  marian: bart,
  mistral: llama,
  modernbert: ['Wqkv', 'Wo', 'Wi', 'dense'],
  mt5: t5,
  phi3: ['qkv_proj', 'o_proj', 'gate_up_proj', 'down_proj'],
  qwen2: llama,
  qwen3: llama,
  roberta: bert,
  t5,
  // Its decoder's projections are stored as [in, out], its encoder's are not.
  'vision-encoder-decoder': ['query', 'key', 'value', 'dense'],
  vit: bert,
  xlnet: ['layer_1', 'layer_2'],
  'xlm-roberta': bert,
};

function inputsFor(modelType: string, dtype: DType = 'float32'): ModelInputs {
  const ids = (seed: number): Tensor => withSeed(seed, () => randint(4, 37, [2, 9], { dtype: 'int64' }));
  const isVision = modelType === 'vit' || modelType.startsWith('vision');
  const read = isVision ? { pixelValues: withSeed(3, () => randn([2, 3, 12, 12])).to(dtype) } : { inputIds: ids(3) };
  const isPair = /^(m?t5|bart|marian|.*encoder-decoder)$/.test(modelType);
  return isPair ? { ...read, decoderInputIds: ids(4) } : read;
}

const logits = (model: Model, inputs: ModelInputs): Tensor => {
  const output: ModelOutput = inferenceMode(() => model.forward(inputs));
  return output.logits ?? output.lastHiddenState;
};

const drift = (a: Tensor, b: Tensor): number => a.sub(b).abs().amax().item();

describe.each(Object.keys(tinyConfigs))('%s', modelType => {
  const config = { model_type: modelType, architectures: [Object.keys(families[modelType].architectures)[0]] };
  const random = randomModel({ ...config, ...tinyConfigs[modelType] });
  const modules = modulesOf[modelType];
  const { tensors, merged } = rawAdapter(random, { modules, transposed: modelType === 'gpt2' });
  const folder = writeAdapter(join(scratch, modelType, 'adapter'), tensors, { target_modules: modules });
  const base = saved(join(scratch, modelType, 'base'), random);
  const byHand = saved(join(scratch, modelType, 'merged'), random, laidOver(merged));
  const inputs = inputsFor(modelType);

  it('computes what the merged checkpoint computes', () => {
    scope(() => {
      using model = loadCompleteModel(base);
      using expected = loadCompleteModel(byHand);
      using adapter = loadAdapter(model, folder);
      const [plain, wanted] = [logits(model, inputs), logits(expected, inputs)];
      expect(drift(plain, wanted)).toBeGreaterThan(0.01);
      expectClose(
        withAdapter(model, adapter, () => logits(model, inputs)),
        wanted,
        { atol: 2e-4, rtol: 1e-3 },
      );
      expect(logits(model, inputs).equal(plain)).toBe(true);

      mergeAdapter(model, adapter);
      expectClose(logits(model, inputs), wanted, { atol: 2e-4, rtol: 1e-3 });
      unmergeAdapter(model, adapter);
      expectClose(logits(model, inputs), plain, { atol: 2e-4, rtol: 1e-3 });
    });
  });

  it('computes it in bfloat16, packed and not', () => {
    scope(() => {
      const inputs = inputsFor(modelType, 'bfloat16');
      using model = loadCompleteModel(base, { dtype: 'bfloat16' });
      using expected = loadCompleteModel(byHand, { dtype: 'bfloat16' });
      const [plain, wanted] = [logits(model, inputs), logits(expected, inputs)];
      const apart = drift(plain, wanted);
      const check = (): void => {
        using adapter = loadAdapter(model, folder);
        const before = logits(model, inputs);
        expect(
          drift(
            withAdapter(model, adapter, () => logits(model, inputs)),
            wanted,
          ),
        ).toBeLessThan(apart / 4);
        expect(logits(model, inputs).equal(before)).toBe(true);
      };
      check();
      if (packForInference(model)) check();
    });
  });

  it('gives both factors their gradients', () => {
    scope(() => {
      using model = loadCompleteModel(base);
      using expected = loadCompleteModel(byHand);
      using adapter = loadAdapter(model, folder);
      const loss = (of: Model): Tensor => {
        const output = of.forward(inputs);
        return (output.logits ?? output.lastHiddenState).sin().sum();
      };
      withAdapter(model, adapter, () => backward(loss(model)));
      backward(loss(expected));
      const weights = new Map(expected.namedParameters());
      const paths = new Map([...model.namedParameters()].map(([path, parameter]) => [parameter, path]));
      for (const { layer, change } of adapter.layers) {
        const lora = change as Lora;
        // Y = W + s·BA: ∂B = s·∂Y Aᵀ, ∂A = s·Bᵀ ∂Y
        const whole = weights.get(paths.get(layer.weight)!)!.grad;
        const [a, b] = [lora.down.weight, lora.up.weight];
        if (!whole) {
          // No part of what is computed here: a pooler, or attention of global tokens.
          expect([a.grad, b.grad]).toEqual([undefined, undefined]);
          continue;
        }
        const size = Math.max(1, whole.abs().amax().item());
        expectClose(b.grad!, whole.matmul(a.t()).mul(2), { atol: 1e-3 * size, rtol: 1e-2 });
        expectClose(a.grad!, b.t().matmul(whole).mul(2), { atol: 1e-3 * size, rtol: 1e-2 });
      }
    });
  });

  it('is saved as it was', () => {
    scope(() => {
      using model = loadCompleteModel(base);
      using adapter = loadAdapter(model, folder);
      const copy = join(scratch, modelType, 'copy');
      saveAdapter(copy, adapter);
      const file = openSafetensors(join(copy, 'adapter_model.safetensors'));
      expect([...file.entries.keys()].sort()).toEqual([...tensors.keys()].sort());
      for (const [key, tensor] of tensors) expect(file.tensor(key).equal(tensor), key).toBe(true);
      using again = loadAdapter(model, copy);
      expect(again.config).toEqual({ ...adapter.config, fan_in_fan_out: modelType === 'gpt2' });
    });
  });
});
