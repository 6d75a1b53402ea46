/** Losses, gradient norms and weights after steps of several micro-batches of unequal length. */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import { ownKeyOf } from '../../../models/checkpoint/keys.ts';
import { parseOptions } from '../../../support/schema.ts';
import { scope } from '../../../torch/index.ts';
import { type Check, compareNumbers, compareTensors } from '../compare.ts';
import { recordedTensor, type TuningGolden, tuningTolerances } from './golden.ts';
import { rowSchema } from './recorded-rows.ts';
import { argsSchema, trainAsRecorded } from './recorded-training.ts';

const caseSchema = z.looseObject({
  rows: z.record(z.string(), z.array(rowSchema)),
  cases: z.array(
    z.looseObject({
      name: z.string(),
      model: z.string(),
      rows: z.string(),
      args: argsSchema,
      defect: z.string().optional(),
    }),
  ),
});
const numbers = z.array(z.number());
const resultSchema = z.looseObject({
  cases: z.array(
    z.looseObject({
      reported: z.object({ losses: numbers, grad_norms: numbers }),
      learning_rates: numbers,
      after: z.record(z.string(), recordedTensor),
    }),
  ),
});

export async function* verifyAccumulation(golden: TuningGolden): AsyncGenerator<Check> {
  const { rows, cases } = parseOptions(caseSchema, golden.case, golden.path);
  const results = parseOptions(resultSchema, golden.result, golden.path).cases;
  for (const [i, { name: own, model: folder, rows: kind, args, defect }] of cases.entries()) {
    // What was recorded with a defect is compared with the case that has all rows in one batch.
    const right =
      defect === undefined ? i : cases.findIndex(other => other.rows === kind && other.defect === undefined);
    if (right < 0) continue;
    const name = right === i ? own : `${own} as ${cases[right].name}`;
    const { reported, learning_rates: rates, after } = results[right];
    using model = loadCompleteModel(golden.locate(folder));
    const steps = await trainAsRecorded(model, rows[kind], args);
    const check = { section: 'accumulation', name };
    const found = {
      losses: [steps.map(({ loss }) => loss), reported.losses],
      'gradient norms': [steps.map(({ gradNorm }) => gradNorm), reported.grad_norms],
      'learning rates': [steps.map(({ lr }) => lr), rates],
    };
    for (const [quantity, [actual, expected]] of Object.entries(found)) {
      const tolerance = quantity === 'learning rates' ? tuningTolerances.exact : tuningTolerances.stepLosses;
      yield { ...check, quantity, ...compareNumbers(actual, expected, tolerance) };
    }
    for (const [key, value] of Object.entries(after)) {
      const compared = scope(() => {
        const place = [...model.namedParameters()].find(([path]) => ownKeyOf(path, model).key === key);
        const isTransposed = place && ownKeyOf(place[0], model).transpose;
        const parameter = isTransposed ? place[1].t() : place?.[1];
        return compareTensors(parameter, golden.recorded(value), tuningTolerances.after);
      });
      yield { ...check, quantity: key, ...compared };
    }
  }
}
