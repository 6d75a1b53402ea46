/** Modules of rewards as they were when a run began: another reward in the middle of a run would be another run. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isModuleReward, type RewardOptions } from '../../objectives/reward-options.ts';
import { UserError } from '../../support/errors.ts';

interface WithRewards {
  objective: object;
}

/** SHA-256 of each module by its path; what a module imports is not looked at. */
export function moduleHashes({ objective }: WithRewards): Record<string, string> {
  const rewards = 'rewards' in objective ? (objective.rewards as readonly RewardOptions[]) : [];
  const paths = rewards.flatMap(one => (isModuleReward(one) && existsSync(one.reward) ? [one.reward] : []));
  return Object.fromEntries(paths.map(path => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]));
}

/**
 * @param before what the run's folder says
 * @throws UserError when a module is another than the run began with
 */
export function requireSameModules(before: Readonly<Record<string, string>> | undefined, recipe: WithRewards): void {
  for (const [path, hash] of Object.entries(moduleHashes(recipe))) {
    if (before?.[path] === undefined || before[path] === hash) continue;
    throw new UserError('TSLM_REWARD_CHANGED', `${path}: the rewards are not those this run began with`, {
      hint: "put the module back, or start a new run with this one's model",
    });
  }
}
