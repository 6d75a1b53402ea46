import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { moduleHashes, requireSameModules } from '../../../src/runs/rewards/module-hashes.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();

describe('modules of rewards', () => {
  const path = join(folder, 'rewards.mjs');
  const recipe = {
    objective: {
      name: 'grpo',
      rewards: [
        { reward: path, weight: 1 },
        { reward: 'exact', column: 'answer', weight: 1 },
      ],
    },
  };

  it('are refused when they are others than a run began with', () => {
    writeFileSync(path, 'export default () => 1;');
    const before = moduleHashes(recipe);
    expect(Object.keys(before)).toEqual([path]);
    requireSameModules(before, recipe);
    writeFileSync(path, 'export default () => 2;');
    expect(() => requireSameModules(before, recipe)).toThrow(`${path}: the rewards are not those this run began with`);
    // What runs of before wrote has no hashes.
    requireSameModules(undefined, recipe);
  });

  it('are none where an objective has no rewards', () => {
    expect(moduleHashes({ objective: { name: 'causal' } })).toEqual({});
  });
});
