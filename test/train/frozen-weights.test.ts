import { describe, expect, it } from 'vitest';
import { createAdapter, withAdapter } from '../../src/models/adapters/index.ts';
import { createModel } from '../../src/models/auto.ts';
import { autocast, backward, memoryStats, randint, scope, withSeed } from '../../src/torch/index.ts';
import { adapterOnly } from '../../src/train/adapter-trainable.ts';
import { roundFrozenLinears } from '../../src/train/frozen-weights.ts';

const sizes = { layers: 2, hidden: 64, heads: 2, context: 16, vocabSize: 50 };

describe('roundFrozenLinears', () => {
  for (const family of ['gpt2', 'llama', 'bert']) {
    it(`of a ${family} model takes half of their memory, and products are the same to the bit`, () => {
      const model = createModel(family, sizes, { seed: 3 });
      const adapter = createAdapter(model, { peft_type: 'LORA', r: 8, target_modules: 'all-linear' }, { seed: 1 });
      const trainable = adapterOnly(adapter);
      scope(() => {
        const inputIds = withSeed(4, () => randint(0, 50, [2, 16]));
        const output = () => {
          for (const [, parameter] of trainable.namedParameters()) parameter.grad = undefined;
          const hidden = autocast('bfloat16', () =>
            withAdapter(model, adapter, () => model.backbone.forward({ inputIds }).lastHiddenState),
          );
          backward(hidden.to('float32').square().mean());
          const gradients = trainable.namedParameters().flatMap(([, { grad }]) => grad?.clone() ?? []);
          return { hidden: hidden.detach().clone(), gradients };
        };
        const before = output();
        const live = memoryStats().liveBytes;
        roundFrozenLinears(model, 'bfloat16');
        const freed = live - memoryStats().liveBytes;
        expect(freed).toBeGreaterThan(2 * 2 * 12 * 64 * 64 * 0.9); // two bytes of the weights of two layers
        const after = output();
        expect(after.hidden.equal(before.hidden)).toBe(true);
        expect(after.gradients.length).toBeGreaterThan(8);
        for (const [i, gradient] of after.gradients.entries()) expect(gradient.equal(before.gradients[i])).toBe(true);
        // In float32 they are still of use.
        expect(withAdapter(model, adapter, () => model.backbone.forward({ inputIds })).lastHiddenState.dtype).toBe(
          'float32',
        );
        for (const [, { dtype }] of trainable.namedParameters()) expect(dtype).toBe('float32');
      });
      trainable.dispose();
    });
  }

  it('leaves float32 as it is', () => {
    const model = createModel('gpt2', sizes, { seed: 3 });
    for (const parameter of model.parameters()) parameter.requiresGrad = false;
    roundFrozenLinears(model, 'float32');
    expect(model.parameters().every(({ dtype }) => dtype === 'float32')).toBe(true);
    model.dispose();
  });
});
