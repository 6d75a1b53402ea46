/** Recorded fine-tuning: groups of parameters, label smoothing, collators, losses over several micro-batches and steps. */
import { UserError } from '../../../support/errors.ts';
import type { Check } from '../compare.ts';
import { verifyAccumulation } from './accumulation.ts';
import { verifyAdapter } from './adapters.ts';
import { verifyCollators } from './collators.ts';
import { verifyDistillation } from './distillation.ts';
import { verifyDpoAdapter } from './dpo-adapter.ts';
import { openTuning, type TuningGolden } from './golden.ts';
import { verifyHeads } from './heads.ts';
import { verifyLabelSmoothing } from './label-smoothing.ts';
import { verifyOptimizerGroups } from './optimizer-groups.ts';
import { verifyAdvantages, verifyPolicy } from './policy.ts';
import { verifyPreference } from './preference.ts';
import { verifySft } from './sft.ts';
import { verifyWeightedAdapters } from './weighted-adapters.ts';

const kinds: Record<string, (golden: TuningGolden) => Iterable<Check> | AsyncIterable<Check>> = {
  accumulation: verifyAccumulation,
  adapter: verifyAdapter,
  advantages: verifyAdvantages,
  collators: verifyCollators,
  bco: verifyPreference,
  distillation: verifyDistillation,
  dpo: verifyPreference,
  dpo_adapter: verifyDpoAdapter,
  grpo: verifyPolicy,
  heads: verifyHeads,
  kto: verifyPreference,
  label_smoothing: verifyLabelSmoothing,
  optimizer_groups: verifyOptimizerGroups,
  orpo_cpo: verifyPreference,
  reward: verifyPreference,
  rloo: verifyPolicy,
  sft: verifySft,
  weighted_adapters: verifyWeightedAdapters,
};

/** @throws UserError for a kind that nothing here computes */
export async function* verifyTuning(folder: string): AsyncGenerator<Check, void> {
  const golden = openTuning(folder);
  const { kind, path } = golden;
  if (!Object.hasOwn(kinds, kind)) {
    throw new UserError('TSLM_NO_GOLDEN', `${path}: recorded results of the kind '${kind}' cannot be compared yet`, {
      hint: `known kinds: ${Object.keys(kinds).join(', ')}`,
    });
  }
  yield* kinds[kind](golden);
}
