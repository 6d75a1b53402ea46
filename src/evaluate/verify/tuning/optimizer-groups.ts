/** Which parameters weight decay is for, as Transformers' `Trainer` has it. */
import { z } from 'zod';
import { loadCompleteModel } from '../../../models/auto.ts';
import { ownKeyOf } from '../../../models/checkpoint/keys.ts';
import type { Model } from '../../../models/model.ts';
import { parseOptions } from '../../../support/schema.ts';
import { decays } from '../../../train/optimizers/optimizer.ts';
import { type Check, compareExactly } from '../compare.ts';
import type { TuningGolden } from './golden.ts';

const names = z.array(z.string());
const schema = z.record(z.string(), z.looseObject({ decay: names, no_decay: names }));

/** Checkpoint keys of the parameters that decay, or of the others, in the order of the alphabet. */
export const decayed = (model: Model, wanted: boolean): string[] =>
  [...model.namedParameters()]
    .filter(([name, parameter]) => parameter.requiresGrad && decays(name, parameter) === wanted)
    .map(([name]) => ownKeyOf(name, model).key)
    .sort();

export function* verifyOptimizerGroups({ result, path, locate }: TuningGolden): Generator<Check> {
  for (const [name, { decay, no_decay: rest }] of Object.entries(parseOptions(schema, result, path))) {
    using model = loadCompleteModel(locate(name));
    for (const [quantity, expected] of Object.entries({ decay, 'no decay': rest })) {
      const compared = compareExactly(decayed(model, quantity === 'decay'), [...expected].sort());
      yield { section: 'groups', name, quantity, ...compared };
    }
  }
}
