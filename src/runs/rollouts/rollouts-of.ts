/** The rollouts of a run, from where it is. */
import type { DType } from '../../torch/index.ts';
import type { TrainProgress } from '../checkpoints.ts';
import type { RunParts } from '../run-parts.ts';
import { startingPoint } from '../starting-point.ts';
import { openRollouts, type Rollouts } from './rollouts.ts';

/**
 * Undefined for objectives that do not explore.
 *
 * @throws UserError when a reward cannot be loaded; the parts are freed then
 */
export async function rolloutsOf(
  run: RunParts & { progress: TrainProgress },
  dtype: DType,
): Promise<Rollouts | undefined> {
  const { objective, recipe, source, trainable, tokenizer, generation, progress } = run;
  if (!objective.explores) return undefined;
  // With an adapter it is the model below.
  const isApart = objective.explores.needs.reference && recipe.adapter === undefined;
  const reference = isApart ? startingPoint(recipe, source).model : undefined;
  try {
    const rollouts = await openRollouts({
      ...{ trainable, objective, tokenizer: tokenizer!, seed: recipe.seed, dtype, reference },
      eosTokenId: (generation.eos_token_id as number | number[] | undefined) ?? tokenizer!.eosTokenId ?? null,
      state: progress.rollouts,
    });
    return {
      ...rollouts,
      async close() {
        await rollouts.close();
        reference?.dispose();
      },
    };
  } catch (error) {
    reference?.dispose();
    run.optimizer.dispose();
    run.ema?.dispose();
    trainable.dispose();
    throw error;
  }
}
