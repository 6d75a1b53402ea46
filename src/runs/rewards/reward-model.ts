/** A reward model as a reward: what it gives a prompt with its answer, in the words of its own tokenizer. */
import { loadCompleteModel, modelFolder } from '../../models/auto.ts';
import { type Answer, answerOf } from '../../objectives/answers.ts';
import { reward, rewardsOf } from '../../objectives/reward.ts';
import { usageError } from '../../support/errors.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { type Device, inferenceMode, scope } from '../../torch/index.ts';
import type { RewardItem } from './reward-functions.ts';

export interface RewardModel {
  score(items: readonly RewardItem[]): number[];
  close(): void;
}

/** Answers that are read at a time. */
const TOGETHER = 16;

/** @throws UserError when the folder holds no model that gives one number */
export function openRewardModel(name: string, device: Device): RewardModel {
  const folder = modelFolder(name);
  const tokenizer = Tokenizer.fromFile(folder);
  const model = loadCompleteModel(folder, { device });
  if (model.task !== 'sequenceClassification') {
    model.dispose();
    throw usageError(
      'TSLM_BAD_REWARD',
      `objective.rewards: ${folder} is no reward model (${model.task})`,
      'the objective reward makes one: docs/INSTRUCTION-TUNING.md',
    );
  }
  model.eval();
  const { batch } = reward({ tokenizer, context: model.maxPositions, model });
  const read = ({ prompt, completion }: RewardItem): Answer => {
    const said = typeof prompt === 'string' ? completion : [{ role: 'assistant', content: completion }];
    return answerOf(tokenizer, [prompt, said], model.maxPositions);
  };
  return {
    score(items) {
      const values: number[] = [];
      for (let start = 0; start < items.length; start += TOGETHER) {
        const answers = items.slice(start, start + TOGETHER).map(read);
        scope(() => {
          // Pairs are rows of a batch: here both halves are answers of their own.
          const pairs = answers.map(one => ({ chosen: one, rejected: one, margin: 0 }));
          const found = inferenceMode(() => rewardsOf(model, batch(pairs, device)));
          values.push(...Array.from(found.toNumbers() as ArrayLike<number>).slice(0, answers.length));
        });
      }
      return values;
    },
    close: () => model.dispose(),
  };
}
