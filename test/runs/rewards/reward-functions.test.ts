/** Rewards in a thread: what they give, and what becomes of those that fail. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RewardOptions, rewardsOption } from '../../../src/objectives/reward-options.ts';
import { startRewards } from '../../../src/runs/rewards/reward-functions.ts';
import { writeRewards } from '../../helpers/rewards.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
writeRewards(folder);
const module = (name: string, more: object = {}): RewardOptions =>
  rewardsOption.parse({ reward: join(folder, name), ...more })[0];

const items = ['aab', 'ba', ''].map((completion, i) => ({
  prompt: 'ask',
  completion,
  columns: { letter: i === 1 ? 'b' : 'a', answer: 'ba' },
}));
const places = ['rows.jsonl: row 1', 'rows.jsonl: row 2', 'rows.jsonl: row 3'];

async function scores(rewards: RewardOptions[], timeLimit = 5): Promise<(number | null)[][]> {
  const functions = await startRewards(rewards, timeLimit);
  try {
    return await functions.score(items, places);
  } finally {
    await functions.close();
  }
}

describe('rewards', () => {
  it('are functions of JavaScript and TypeScript, at once or later, and may have nothing to say', async () => {
    const found = await scores([
      module('letters.mjs'),
      module('typed.ts', { export: 'share' }),
      ...rewardsOption.parse('exact'),
    ]);
    expect(found).toEqual([
      [0.5, 2 / 3, 0],
      [0.25, 0.5, 1],
      [0, null, 0],
    ]);
  });

  it.each([
    ['throws.mjs', /^rows.jsonl: row 2: the reward '.*throws.mjs' throws: no b, for the answer "ba"$/],
    ['nan.mjs', /^rows.jsonl: row 2: the reward '.*nan.mjs' returns NaN, and no number/],
    ['hangs.mjs', /^rows.jsonl: row 1: the reward '.*hangs.mjs' takes longer than 0.3 s/],
    ['waits.mjs', /^rows.jsonl: row 1: the reward '.*waits.mjs' takes longer than 0.3 s/],
  ])('%s is an error that names row and reward', async (name, message) => {
    await expect(scores([module('letters.mjs'), module(name)], 0.3)).rejects.toMatchObject({
      code: 'TSLM_BAD_REWARD',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['two.mjs', {}, /it exports the functions a, b: say which one with 'export'/],
    ['two.mjs', { export: 'c' }, /it exports no function 'c', only a, b/],
    ['none.mjs', {}, /it exports no function/],
    ['broken.mjs', {}, /Unexpected token/],
  ])('%s is refused before it is asked', async (name, more, message) => {
    await expect(startRewards([module(name, more)], 1)).rejects.toThrow(message);
  });

  it('that are not there are named', async () => {
    await expect(startRewards([module('absent.mjs')], 1)).rejects.toMatchObject({ code: 'TSLM_NO_REWARD' });
  });
});
