/** Thirty steps of a head on an encoder: curves of losses and norms, learning rates, groups, and what the model says then. */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import type { Model } from '../../../models/model.ts';
import { parseOptions } from '../../../support/schema.ts';
import { inferenceMode, scope, type Tensor } from '../../../torch/index.ts';
import { partsOf } from '../../../train/optimizers/groups.ts';
import { wholeModel } from '../../../train/trainable.ts';
import { type Check, compareExactly, compareNumbers, compareTensors } from '../compare.ts';
import { recordedTensor, type TuningGolden, tuningTolerances } from './golden.ts';
import { decayed } from './optimizer-groups.ts';
import { objectiveFor, type RecordedRow, rowSchema } from './recorded-rows.ts';
import { argsSchema, trainAsRecorded } from './recorded-training.ts';

const caseSchema = z.looseObject({
  model: z.string(),
  rows: z.array(rowSchema),
  args: argsSchema,
  layer_decay: z.number().optional(),
});
const numbers = z.array(z.number());
const resultSchema = z.looseObject({
  curve: numbers,
  grad_norm_curve: numbers,
  learning_rates: z.union([numbers, z.array(numbers)]),
  groups: z.array(z.object({ weight_decay: z.number(), parameters: z.array(z.string()) })).optional(),
  final_logits: z.record(z.string(), recordedTensor),
});

export async function* verifyHeads(golden: TuningGolden): AsyncGenerator<Check> {
  const { model: folder, rows, args, layer_decay: layerDecay } = parseOptions(caseSchema, golden.case, golden.path);
  const result = parseOptions(resultSchema, golden.result, golden.path);
  using model = loadCompleteModel(golden.locate(folder));
  const check = { section: 'head', name: model.task };
  for (const { weight_decay: decay, parameters } of result.groups ?? []) {
    const compared = compareExactly(decayed(model, decay > 0), [...parameters].sort());
    yield { ...check, quantity: `group with decay ${decay}`, ...compared };
  }
  const factors = factorsOf(model, layerDecay);
  const steps = await trainAsRecorded(model, rows, args, { layerDecay });
  const { curve, exact } = tuningTolerances;
  const losses = steps.map(({ loss }) => loss);
  yield { ...check, quantity: 'losses', ...compareNumbers(losses, result.curve, curve) };
  const norms = steps.map(({ gradNorm }) => gradNorm);
  yield { ...check, quantity: 'gradient norms', ...compareNumbers(norms, result.grad_norm_curve, curve) };
  // Of each learning rate Transformers has a group with decay and one without.
  const recorded = result.learning_rates.map(rates => (typeof rates === 'number' ? [rates] : [...new Set(rates)]));
  const isOn = (_: unknown, step: number): boolean => recorded[step].length === factors.length;
  const rates = steps.filter(isOn).flatMap(({ lr }) => factors.map(factor => lr * factor));
  yield { ...check, quantity: 'learning rates', ...compareNumbers(rates, recorded.filter(isOn).flat(), exact) };
  for (const [quantity, value] of Object.entries(result.final_logits)) {
    const compared = scope(() => compareTensors(answer(model, rows, quantity), golden.recorded(value), curve));
    yield { ...check, quantity, ...compared };
  }
}

/** The factors on the learning rate, the least first. */
function factorsOf(model: Model, layerDecay: number | undefined): number[] {
  const { keyOf, namedParameters } = wholeModel(model);
  const parts = partsOf(namedParameters(), { layerDecay }, keyOf);
  return [...new Set(parts.map(({ lr }) => lr))].sort((a, b) => a - b);
}

/** Logits of all rows in one batch; of spans log-probabilities of positions. */
function answer(model: Model, rows: readonly RecordedRow[], quantity: string): Tensor | undefined {
  return inferenceMode(() => {
    const objective = objectiveFor(model, 0);
    const { inputIds, attentionMask, tokenTypeIds } = objective.batch(
      rows.map(row => objective.example(row, undefined as never)),
      'cpu',
    );
    const output = model.forward({ inputIds, attentionMask, tokenTypeIds });
    if (quantity === 'start_logprobs') return output.startLogits?.logSoftmax(-1);
    return quantity === 'end_logprobs' ? output.endLogits?.logSoftmax(-1) : output.logits;
  });
}
