/** Adapted models in pages: a text's logits are the same bits alone and beside others. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type PagedInput, pagedModel } from '../../src/generate/sessions/paged-model.ts';
import { createAdapter, loadAdapter, saveAdapter, withAdapter } from '../../src/models/adapters/index.ts';
import { createFromConfig } from '../../src/models/auto.ts';
import { families } from '../../src/models/families/index.ts';
import { packForInference } from '../../src/models/pack-for-inference.ts';
import { noGrad, randn, scope, withSeed } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { tinyConfigs } from '../models/tiny-configs.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

describe.runIf(hasProducts())('an adapted model in pages', () => {
  it.each(['gpt2', 'bloom', 'llama', 'qwen3', 'gemma2', 'phi3'])('%s: the same alone as in a batch', modelType => {
    const architectures = [Object.keys(families[modelType].architectures)[0]];
    const config = { model_type: modelType, architectures, ...tinyConfigs[modelType] };
    using model = createFromConfig(config, { seed: 1 }).eval();
    withSeed(2, () => noGrad(() => scope(() => model.parameters().forEach(p => void p.add_(randn(p.shape).mul(0.1))))));
    model.to({ dtype: 'bfloat16' });
    const folder = join(scratch, modelType);
    {
      const lora = { peft_type: 'LORA', r: 5, lora_alpha: 7, target_modules: 'all-linear' };
      using random = createAdapter(model, lora, { seed: 3 });
      withSeed(4, () => noGrad(() => random.parameters().forEach(p => void p.normal_({ std: 0.2 }))));
      saveAdapter(folder, random);
    }
    packForInference(model);
    using adapter = loadAdapter(model, folder);
    using paged = pagedModel(model, { pages: 9 });
    const inputs: PagedInput[] = Array.from({ length: 9 }, (_, i) => {
      const ids = Array.from({ length: 3 + ((5 * i) % 11) }, (_, t) => 3 + ((t * 7 + i * 5) % 30));
      return { ids, past: 0, pages: [i], logits: 'all' };
    });
    const plain = paged.forward(inputs);
    const together = withAdapter(model, adapter, () => paged.forward(inputs));
    for (const [i, input] of inputs.entries()) {
      expect(withAdapter(model, adapter, () => paged.forward([input]))[0]).toEqual(together[i]);
    }
    expect(together).not.toEqual(plain);
    expect(paged.forward(inputs)).toEqual(plain);
  });
});
