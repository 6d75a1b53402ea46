/** Two adapters of a model: each alone, and combined as PEFT's `add_weighted_adapter` does. */
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Adapter,
  type CombineOptions,
  combineAdapters,
  loadAdapter,
  storedParameters,
  withAdapter,
} from '../../../models/adapters/index.ts';
import { loadCompleteModel } from '../../../models/auto.ts';
import type { Lora } from '../../../nn/index.ts';
import { parseOptions } from '../../../support/schema.ts';
import { inferenceMode, scope } from '../../../torch/index.ts';
import { type Check, compareExactly, compareTensors, tolerances } from '../compare.ts';
import { adapterInputs, adapterModelInputs } from './adapters.ts';
import { recordedTensor, type TuningGolden } from './golden.ts';

const caseSchema = z.looseObject({
  base: z.string(),
  inputs: adapterInputs,
  combined: z.array(
    z.looseObject({
      name: z.string(),
      combination_type: z.string(),
      adapters: z.array(z.string()),
      weights: z.array(z.number()),
      svd_rank: z.int().optional(),
      density: z.number().optional(),
      majority_sign_method: z.enum(['total', 'frequency']).optional(),
    }),
  ),
  delta_of: z.string(),
});
const resultSchema = z.looseObject({
  each: z.record(z.string(), z.object({ logits: recordedTensor })),
  combined: z.array(
    z.looseObject({
      logits: recordedTensor,
      rank: z.number(),
      alpha: z.number(),
      delta: recordedTensor,
      weights: z.record(z.string(), recordedTensor).optional(),
    }),
  ),
});

export function* verifyWeightedAdapters(golden: TuningGolden): Generator<Check> {
  const { base, inputs: given, combined, delta_of: layer } = parseOptions(caseSchema, golden.case, golden.path);
  const result = parseOptions(resultSchema, golden.result, golden.path);
  using model = loadCompleteModel(golden.locate(base));
  const names = ['first', 'second'];
  const adapters = new Map(names.map(name => [name, loadAdapter(model, join(golden.folder, name))]));
  const inputs = adapterModelInputs(given, adapters.get('first')!);
  const logitsOf = (adapter: Adapter | undefined) =>
    withAdapter(model, adapter, () => inferenceMode(() => model.forward(inputs))).logits;
  const section = 'weighted adapters';
  for (const [name, { logits }] of Object.entries(result.each)) {
    const compared = scope(() =>
      compareTensors(logitsOf(adapters.get(name)), golden.recorded(logits), tolerances.forward),
    );
    yield { section, name, quantity: 'logits', ...compared };
  }
  for (const [i, { name, combination_type, weights, ...one }] of combined.entries()) {
    const recorded = result.combined[i];
    using adapter = combineAdapters(
      model,
      one.adapters.map(own => adapters.get(own)!),
      weights,
      {
        type: combination_type as CombineOptions['type'],
        rank: one.svd_rank,
        density: one.density,
        majoritySign: one.majority_sign_method,
      },
    );
    const check = { section, name };
    const { r, lora_alpha: alpha } = adapter.config as unknown as { r: number; lora_alpha: number };
    yield { ...check, quantity: 'rank and alpha', ...compareExactly([r, alpha], [recorded.rank, recorded.alpha]) };
    const compared = scope(() =>
      compareTensors(logitsOf(adapter), golden.recorded(recorded.logits), tolerances.forward),
    );
    yield { ...check, quantity: 'logits', ...compared };
    const place = adapter.layers.find(({ name: own }) => layer === `base_model.model.${own}`);
    const delta = scope(() =>
      compareTensors((place?.change as Lora | undefined)?.delta(), golden.recorded(recorded.delta), tolerances.forward),
    );
    yield { ...check, quantity: `delta of ${layer}`, ...delta };
    for (const { key, parameter, transpose } of recorded.weights ? storedParameters(adapter) : []) {
      const weight = scope(() => {
        const expected = golden.recorded(recorded.weights![key]);
        return compareTensors(transpose ? parameter.t() : parameter, expected, tolerances.forward);
      });
      yield { ...check, quantity: key, ...weight };
    }
  }
  for (const adapter of adapters.values()) adapter.dispose();
}
