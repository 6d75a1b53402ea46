/** Every family on a GPU beside the CPU: results, gradients, recomputed blocks, weights there and back. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { recomputeBlocks } from '../../src/models/recompute.ts';
import { createRandom } from '../../src/support/random.ts';
import {
  autocast,
  backward,
  type Device,
  type DType,
  fromTypedArray,
  scope,
  type Tensor,
} from '../../src/torch/index.ts';
import { cudaDevice } from '../helpers/cuda.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';
import { tinyConfigs } from './tiny-configs.ts';

const decoders = ['gpt2', 'llama', 'bloom', 'gpt_neox', 'qwen3', 'gemma2', 'phi3', 'mistral'].filter(
  family => family in tinyConfigs,
);
const [BATCH, TIME, VOCAB] = [3, 16, 37];

function tokens(device: Device): Tensor {
  const random = createRandom(4);
  const ids = BigInt64Array.from({ length: BATCH * TIME }, () => BigInt(4 + random.below(VOCAB - 4)));
  return fromTypedArray(ids, [BATCH, TIME]).to({ device });
}

/** Without dropout, whose draws are another device's. */
const NO_DROPOUT = { attn_pdrop: 0, embd_pdrop: 0, resid_pdrop: 0, attention_dropout: 0, hidden_dropout: 0 };
const make = (family: string): Model =>
  createFromConfig({ model_type: family, ...tinyConfigs[family], ...NO_DROPOUT }, { seed: 1 });

/** The loss and the gradients by name, on the CPU afterwards. */
function pass(model: Model, device: Device, dtype: DType): Map<string, Tensor> {
  model.to({ device }).train();
  const inputIds = tokens(device);
  const { loss } = autocast(dtype, () => model.forward({ inputIds, labels: inputIds }));
  backward(loss!);
  const gradients = [...model.namedParameters()].flatMap(([name, { grad }]) => (grad ? [[name, grad] as const] : []));
  const all = new Map([['loss', loss!.detach()], ...gradients]);
  return new Map([...all].map(([name, tensor]) => [name, tensor.to({ dtype: 'float32', device: 'cpu' })]));
}

describe.skipIf(cudaDevice.length === 0).each(decoders)('%s on a GPU', family => {
  const device = cudaDevice[0];

  it('has the loss and the gradients of the CPU', () => {
    scope(() => {
      const expected = pass(make(family), 'cpu', 'float32');
      const actual = pass(make(family), device, 'float32');
      expect([...actual.keys()]).toEqual([...expected.keys()]);
      for (const [name, tensor] of actual) expectClose(tensor, expected.get(name)!, { atol: 1e-4, rtol: 1e-3, name });
    });
  });

  it('stays near them in bfloat16', () => {
    scope(() => {
      const expected = pass(make(family), 'cpu', 'float32').get('loss')!.item();
      expect(pass(make(family), device, 'bfloat16').get('loss')!.item()).toBeCloseTo(expected, 1);
    });
  });

  it('recomputes blocks to the same gradients', () => {
    scope(() => {
      const recomputed = make(family);
      recomputeBlocks(recomputed, true);
      const [actual, expected] = [pass(recomputed, device, 'float32'), pass(make(family), device, 'float32')];
      for (const [name, tensor] of actual) expectClose(tensor, expected.get(name)!, { atol: 1e-5, rtol: 1e-4, name });
    });
  });

  it('is saved from there, and opened there', () => {
    scope(() => {
      const folder = join(scratchFolder(), family);
      const model = make(family).to({ device });
      saveModel(folder, model);
      const { model: opened } = loadModel(folder, { device });
      const weights = new Map([...opened.namedParameters()]);
      for (const [name, parameter] of model.namedParameters()) {
        expectClose(parameter.detach().to({ device: 'cpu' }), weights.get(name)!.detach().to({ device: 'cpu' }), {
          atol: 1e-9,
          name,
        });
      }
    });
  });
});
