/** An adapter of PEFT's: what the model computes with it, its gradients, steps of AdamW, and the model that holds it. */
import { z } from 'zod';
import {
  type Adapter,
  loadAdapter,
  mergeAdapter,
  type StoredParameter,
  storedParameters,
  unmergeAdapter,
  withAdapter,
} from '../../../models/adapters/index.ts';
import { penaltyOf } from '../../../models/adapters/methods/adalora.ts';
import { loadModel } from '../../../models/auto.ts';
import { ownKeyOf } from '../../../models/checkpoint/keys.ts';
import { IGNORE_INDEX } from '../../../models/losses.ts';
import type { Model, ModelInputs, ModelOutput } from '../../../models/model.ts';
import { parseOptions } from '../../../support/schema.ts';
import { backward, cat, full, inferenceMode, scope, type Tensor, tensor } from '../../../torch/index.ts';
import { adamW, clipGradNorm } from '../../../train/optimizers/adamw.ts';
import {
  type Check,
  compareExactly,
  compareNumbers,
  compareTensors,
  gradientTolerance,
  tolerances,
} from '../compare.ts';
import { recordedTensor, type TuningGolden, tuningTolerances } from './golden.ts';

const numbers = z.array(z.number());
const matrix = z.array(numbers);
export const adapterInputs = z.strictObject({
  input_ids: matrix,
  attention_mask: matrix.optional(),
  token_type_ids: matrix.optional(),
  labels: z.union([matrix, numbers]).optional(),
});
const adamwSchema = z.object({
  lr: z.number(),
  betas: z.tuple([z.number(), z.number()]),
  eps: z.number(),
  weight_decay: z.number(),
  clip_grad_norm: z.number(),
  steps: z.int(),
});
type AdamWCase = z.output<typeof adamwSchema>;
const caseSchema = z.looseObject({ base: z.string(), inputs: adapterInputs, adamw: adamwSchema });
const tensors = z.record(z.string(), recordedTensor);
const resultSchema = z.looseObject({
  trainable: z.array(z.string()),
  trainable_elements: z.int(),
  logits: recordedTensor,
  loss: z.number(),
  grad_norm: z.number(),
  grads: tensors,
  merged_logits: recordedTensor.optional(),
  merged_weights: tensors.optional(),
  adamw: z.object({ losses: numbers, grad_norms: numbers, after: tensors, masks: tensors }),
});

export function* verifyAdapter(golden: TuningGolden): Generator<Check> {
  const { base, inputs: given, adamw } = parseOptions(caseSchema, golden.case, golden.path);
  const result = parseOptions(resultSchema, golden.result, golden.path);
  using model = loadModel(golden.locate(base)).model;
  using adapter = loadAdapter(model, golden.folder);
  const check = { section: 'adapter', name: adapter.config.peft_type };
  const inputs = adapterModelInputs(given, adapter);
  const trained = storedParameters(adapter)
    .filter(({ isTrained }) => isTrained)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const parameter of model.parameters()) parameter.requiresGrad = false;
  for (const { parameter } of trained) parameter.requiresGrad = true;
  const names = trained.map(({ key }) => key);
  yield { ...check, quantity: 'trainable', ...compareExactly(names, [...result.trainable].sort()) };
  const elements = trained.reduce((sum, { parameter }) => sum + parameter.numel, 0);
  yield { ...check, quantity: 'elements', ...compareExactly(elements, result.trainable_elements) };

  const forward = (): ModelOutput => model.forward({ ...inputs, keepPrompt: true });
  yield {
    ...check,
    quantity: 'logits',
    ...scope(() => {
      const { logits } = withAdapter(model, adapter, () => inferenceMode(forward));
      return compareTensors(logits, golden.recorded(result.logits), tolerances.forward);
    }),
  };
  const pass = (): number =>
    scope(() =>
      withAdapter(model, adapter, () => {
        const penalty = penaltyOf(adapter);
        const { loss: own } = forward();
        const loss = penalty ? own!.add(penalty) : own!;
        backward(loss);
        return loss.item();
      }),
    );
  yield { ...check, quantity: 'loss', ...compareNumbers([pass()], [result.loss], tuningTolerances.loss) };
  const parameters = trained.map(({ parameter }) => parameter);
  const { norm } = clipGradNorm(parameters, Number.POSITIVE_INFINITY);
  yield {
    ...check,
    quantity: 'gradient norm',
    ...compareNumbers([norm], [result.grad_norm], tolerances.gradientNorm),
  };
  for (const { parameter, key, transpose } of trained) {
    const compared = scope(() => {
      const expected = golden.recorded(result.grads[key]);
      const gradient = parameter.grad ?? parameter.detach().mul(0);
      const { atol, rtol } = gradientTolerance(expected.abs().amax().item());
      return compareTensors(transpose ? gradient.t() : gradient, expected, { atol: atol + 1e-7, rtol });
    });
    yield { ...check, quantity: `gradient of ${key}`, ...compared };
  }
  for (const parameter of parameters) parameter.grad = undefined;

  if (result.merged_logits) {
    const file = loadAdapter(model, golden.folder);
    yield* verifyMerged(golden, result, { model, adapter: file, inputs, name: check.name });
    file.dispose();
  }
  yield* verifySteps(golden, result.adamw, { trained, adamw, pass, name: check.name });
}

function* verifyMerged(
  golden: TuningGolden,
  result: z.output<typeof resultSchema>,
  { model, adapter, inputs, name }: { model: Model; adapter: Adapter; inputs: ModelInputs; name: string },
): Generator<Check> {
  const check = { section: 'adapter', name };
  mergeAdapter(model, adapter);
  yield {
    ...check,
    quantity: 'merged logits',
    ...scope(() => {
      const { logits } = inferenceMode(() => model.forward(inputs));
      return compareTensors(logits, golden.recorded(result.merged_logits!), tolerances.forward);
    }),
  };
  for (const [key, value] of Object.entries(result.merged_weights ?? {})) {
    const compared = scope(() => {
      const place = [...model.namedParameters()].find(([path]) => ownKeyOf(path, model).key === key);
      const isTransposed = place !== undefined && ownKeyOf(place[0], model).transpose;
      const weight = isTransposed ? place[1].t() : place?.[1];
      return compareTensors(weight, golden.recorded(value), tolerances.forward);
    });
    yield { ...check, quantity: `merged ${key}`, ...compared };
  }
  unmergeAdapter(model, adapter);
}

function* verifySteps(
  golden: TuningGolden,
  { losses, grad_norms: norms, after, masks }: z.output<typeof resultSchema>['adamw'],
  { trained, adamw, pass, name }: { trained: StoredParameter[]; adamw: AdamWCase; pass: () => number; name: string },
): Generator<Check> {
  const check = { section: 'adapter', name };
  const { betas, eps, weight_decay: weightDecay } = adamw;
  const parameters = trained.map(({ parameter }) => parameter);
  const named = trained.map(({ key, parameter }) => [key, parameter] as const);
  const optimizer = adamW(named, { betas, eps, weightDecay, decayAll: true });
  const [foundLosses, foundNorms]: number[][] = [[], []];
  for (let step = 0; step < adamw.steps; step++) {
    foundLosses.push(pass());
    const { norm, scale } = clipGradNorm(parameters, adamw.clip_grad_norm);
    foundNorms.push(norm);
    optimizer.step(adamw.lr, scale);
    for (const parameter of parameters) parameter.grad = undefined;
  }
  foundLosses.push(pass());
  for (const parameter of parameters) parameter.grad = undefined;
  optimizer.dispose();
  const { stepLosses } = tuningTolerances;
  yield { ...check, quantity: 'losses of steps', ...compareNumbers(foundLosses, losses, stepLosses) };
  yield { ...check, quantity: 'gradient norms of steps', ...compareNumbers(foundNorms, norms, stepLosses) };
  for (const { key, parameter, transpose } of trained) {
    const compared = scope(() => {
      const mask = masks[key] === undefined ? undefined : golden.recorded(masks[key]);
      const now = transpose ? parameter.t() : parameter;
      return compareTensors(now, golden.recorded(after[key]), tuningTolerances.after, mask);
    });
    yield { ...check, quantity: `${key} after steps`, ...compared };
  }
}

/** Labels of a causal model cover a learnt prompt, whose positions do not count. */
export function adapterModelInputs(given: z.output<typeof adapterInputs>, { prompt, model }: Adapter): ModelInputs {
  const int64 = (values: number[] | number[][] | undefined): Tensor | undefined =>
    values && tensor(values as number[][], { dtype: 'int64' });
  const labels = int64(given.labels);
  const covers = labels && prompt?.place === 'reader' && model.task === 'causalLM';
  const more = covers && full([labels.size(0), prompt.count], IGNORE_INDEX, { dtype: 'int64' });
  return {
    inputIds: int64(given.input_ids),
    attentionMask: int64(given.attention_mask),
    tokenTypeIds: int64(given.token_type_ids),
    labels: more ? cat([more, labels], 1) : labels,
  };
}
