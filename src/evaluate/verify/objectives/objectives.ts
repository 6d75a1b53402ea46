/** Pretraining objectives against recorded cases: plans applied, choices counted, losses computed. */
import { parseOptions } from '../../../support/schema.ts';
import type { Check } from '../compare.ts';
import { verifyCases } from './cases.ts';
import { verifyLosses } from './losses.ts';
import { objectivesSchema } from './schema.ts';
import { verifyStatistics } from './statistics.ts';

/** @throws UserError when the file is malformed, or a model that it speaks of is missing */
export function* verifyObjectives(json: unknown, path: string): Generator<Check> {
  const recorded = parseOptions(objectivesSchema, json, path);
  yield* verifyCases(recorded);
  yield* verifyStatistics(recorded);
  yield* verifyLosses(recorded, path);
}
