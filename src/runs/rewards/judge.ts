/** All rewards of a recipe over answers: functions in a thread, reward models beside the model in training. */
import type { RewardOptions } from '../../objectives/reward-options.ts';
import type { Device } from '../../torch/index.ts';
import { type RewardItem, startRewards } from './reward-functions.ts';
import { openRewardModel } from './reward-model.ts';

export interface Judge {
  /** Of each item the number of each reward, in the recipe's order. */
  score(items: readonly RewardItem[], places: readonly string[]): Promise<(number | null)[][]>;
  close(): Promise<void>;
}

const isModel = ({ reward }: RewardOptions): boolean => reward === 'model';

/** @throws UserError for a module or a folder that has no reward */
export async function openJudge(
  rewards: readonly RewardOptions[],
  { timeLimit, device }: { timeLimit: number; device: Device },
): Promise<Judge> {
  const inThread = rewards.filter(one => !isModel(one));
  const functions = inThread.length > 0 ? await startRewards(inThread, timeLimit) : undefined;
  const models = rewards.flatMap(one => (isModel(one) && 'model' in one ? [openRewardModel(one.model, device)] : []));
  return {
    async score(items, places) {
      const said = (await functions?.score(items, places)) ?? items.map(() => []);
      const read = models.map(model => model.score(items));
      return items.map((_, i) => {
        let [f, m] = [0, 0];
        return rewards.map(one => (isModel(one) ? read[m++][i] : said[i][f++]));
      });
    },
    async close() {
      await functions?.close();
      for (const model of models) model.close();
    },
  };
}
