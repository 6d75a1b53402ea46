/** Label smoothing on given logits: the loss and its gradient, by the terms that objectives are made of. */
import { z } from 'zod';
import { targetsOf } from '../../../objectives/batches.ts';
import { labelMeans, labelWeights } from '../../../objectives/label-loss.ts';
import { parseOptions } from '../../../support/schema.ts';
import { backward, scope, tensor } from '../../../torch/index.ts';
import { type Check, compareNumbers, compareTensors, gradientTolerance } from '../compare.ts';
import { recordedTensor, type TuningGolden, tuningTolerances } from './golden.ts';

const labels = z.array(z.int());
const caseSchema = z.looseObject({
  cases: z.array(
    z.looseObject({
      name: z.string(),
      logits: z.array(z.unknown()),
      labels: z.union([labels, z.array(labels)]),
      shift_labels: z.boolean(),
      epsilon: z.number(),
      /** The sum is divided by it in place of the number of labels that count. */
      num_items_in_batch: z.int().nullish(),
    }),
  ),
});
const resultSchema = z.looseObject({
  cases: z.array(z.looseObject({ loss: z.number(), grads: z.object({ logits: recordedTensor }) })),
});

export function* verifyLabelSmoothing(golden: TuningGolden): Generator<Check> {
  const { cases } = parseOptions(caseSchema, golden.case, golden.path);
  const results = parseOptions(resultSchema, golden.result, golden.path).cases;
  for (const [i, { name, logits, labels: given, shift_labels: shifts, epsilon }] of cases.entries()) {
    const { loss: expected, grads } = results[i];
    const items = cases[i].num_items_in_batch;
    const checks = scope(() => {
      const scores = tensor(logits as number[]);
      scores.requiresGrad = true;
      const rows = given.map(row => (Array.isArray(row) ? row : [row]));
      const targets = targetsOf(shifts ? rows.map(row => [...row.slice(1), -100]) : rows, 'cpu');
      const flat = scores.reshape([-1, scores.size(-1)]).indexSelect(0, targets.places);
      const means = labelMeans(flat, targets.labels, epsilon);
      const loss = Object.entries(labelWeights(epsilon))
        .map(([term, weight]) => means[term].mul(weight))
        .reduce((a, b) => a.add(b))
        .mul(items ? targets.count / items : 1);
      backward(loss);
      const gradient = golden.recorded(grads.logits);
      return {
        loss: compareNumbers([loss.item()], [expected], tuningTolerances.loss),
        gradient: compareTensors(scores.grad, gradient, gradientTolerance(gradient.abs().amax().item())),
      };
    });
    for (const [quantity, compared] of Object.entries(checks))
      yield { section: 'smoothing', name, quantity, ...compared };
  }
}
