/** Documents that lie one after another in a window are predicted as each would be alone, in every family that can. */
import { describe, expect, it } from 'vitest';
import { createFromConfig } from '../../src/models/auto.ts';
import { families } from '../../src/models/families/index.ts';
import type { Model } from '../../src/models/model.ts';
import { causal, requireIsolation } from '../../src/objectives/causal.ts';
import { createRandom } from '../../src/support/random.ts';
import { autocast, backward, type DType, scope } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { tinyConfigs } from './tiny-configs.ts';

const LENGTHS = [5, 1, 9, 30, 7];
const random = createRandom(4);
const documents = LENGTHS.map(length => Uint16Array.from({ length }, () => 3 + random.below(33)));
const packed = Uint16Array.from(documents.flatMap(ids => [...ids]));
const starts = LENGTHS.map((_, i) => LENGTHS.slice(0, i).reduce((a, b) => a + b, 0));

const decoders = Object.values(families).flatMap(family => {
  const architecture = Object.entries(family.architectures).find(([, task]) => task === 'causalLM')?.[0];
  return architecture ? [{ family, architecture }] : [];
});

const gradients = (model: Model): number[][] => model.parameters().map(({ grad }) => grad?.toNumbers() ?? []);

/** Loss over all predictions, and the gradients of it. */
function learn(model: Model, rows: readonly { ids: Uint16Array; starts: number[] }[], dtype: DType) {
  const objective = causal({ context: packed.length, packing: 'documents' });
  const batches = rows
    .filter(({ ids }) => ids.length > 1)
    .map(row => objective.batch([objective.example(row, random)], 'cpu'));
  const words = batches.reduce((sum, batch) => sum + batch.words, 0);
  let loss = 0;
  for (const batch of batches) {
    scope(() => {
      const mean = autocast(dtype, () => objective.means(model, batch)).words.mul(batch.words / words);
      backward(mean);
      loss += mean.item();
    });
  }
  const result = { loss, words, gradients: gradients(model) };
  model.zeroGrad();
  return result;
}

describe.each(
  decoders.map(({ family, architecture }) => ({ name: family.modelType, family, architecture })),
)('$name', ({ name, architecture }) => {
  const config = { ...tinyConfigs[name], model_type: name, architectures: [architecture] };

  it('predicts packed documents as separate ones, or refuses to', () => {
    using model = createFromConfig(config, { seed: 1 });
    if (!model.backbone.isolatesDocuments) {
      expect(() => requireIsolation(model, 'here')).toThrow(expect.objectContaining({ code: 'TSLM_CANNOT_ISOLATE' }));
      return;
    }
    for (const dtype of hasProducts() ? (['float32', 'bfloat16'] as const) : (['float32'] as const)) {
      const together = learn(model, [{ ids: packed, starts }], dtype);
      const apart = learn(
        model,
        documents.map(ids => ({ ids, starts: [0] })),
        dtype,
      );
      const bound = dtype === 'float32' ? 1e-6 : 2e-3;
      expect(together.words).toBe(apart.words);
      expect(Math.abs(together.loss / apart.loss - 1)).toBeLessThan(bound);
      const [a, b] = [together, apart].map(({ gradients: g }) => g.flat());
      const norm = Math.hypot(...b);
      expect(Math.hypot(...a.map((value, i) => value - b[i])) / norm).toBeLessThan(dtype === 'float32' ? 1e-5 : 2e-2);
      // Without borders a document is predicted from others too.
      const [half, leaking] = [
        { ids: packed.slice(0, 15), starts: [0, 5, 6] },
        { ids: packed.slice(0, 15), starts: [0] },
      ];
      expect(Math.abs(learn(model, [half], dtype).loss - learn(model, [leaking], dtype).loss)).toBeGreaterThan(1e-5);
    }
  });
});
