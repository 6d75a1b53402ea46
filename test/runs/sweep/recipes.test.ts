/** The sweeps that come with tslm: whatever they draw is a recipe. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomSampler } from '../../../src/evaluate/search/samplers.ts';
import { parseRecipe } from '../../../src/runs/recipe.ts';
import { overridesOf } from '../../../src/runs/sweep/run-sweep.ts';
import { readSweep } from '../../../src/runs/sweep/sweep-schema.ts';

const folder = 'recipes/sweeps';

const files = readdirSync(folder);

it('there are sweeps', () => expect(files.length).toBeGreaterThan(0));

describe.each(files)('%s', file => {
  const path = join(folder, file);

  it('draws values that a recipe can have', () => {
    const { parameters, recipeValue, recipePath, set } = readSweep(path);
    const sampler = randomSampler(parameters, 1);
    for (let trial = 0; trial < 30; trial++) {
      const values = sampler(trial, [])!;
      expect(
        () => parseRecipe(recipeValue, recipePath, [...set, ...overridesOf(values)]),
        JSON.stringify(values),
      ).not.toThrow();
    }
  });

  it('explains every key', () => {
    const keys = readFileSync(path, 'utf8')
      .split('\n')
      .filter(line => /^\w+: *\S/.test(line));
    expect(keys.filter(line => !line.includes('#'))).toEqual([]);
  });
});
