/** The range test of a recipe: learns at growing rates, and keeps nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lrPlot } from '../../src/cli/views/lr-plot.ts';
import { findLr } from '../../src/runs/find-lr.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const recipe = tinyRecipe(tinyCorpus(join(folder, 'corpus')), {});

it('finds a rate between its ends, the same one each time', async () => {
  const seen: number[] = [];
  const range = await findLr(recipe, { from: 1e-5, to: 1, steps: 40, onStep: step => seen.push(step) });
  expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
  expect(range.points).toHaveLength(seen.length);
  expect(range.steepest).toBeGreaterThan(1e-5);
  expect(range.lowest).toBeGreaterThan(range.steepest);
  expect(range.lowest).toBeLessThanOrEqual(1);
  expect(await findLr(recipe, { from: 1e-5, to: 1, steps: 40 })).toEqual(range);
  expect(existsSync('runs/tiny')).toBe(false);

  const plot = lrPlot(range).split('\n');
  expect(plot.length).toBe(15);
  expect(plot.slice(0, 12).join('').match(/·/g)!.length).toBeGreaterThan(10);
  expect(plot[12]).toMatch(/▲.*┴/);
});

it('has no result when it is stopped at once', async () => {
  const stopped = () => findLr(recipe, { signal: AbortSignal.abort() });
  expect(await errorOf(stopped)).toMatchObject({ code: 'TSLM_STOPPED' });
});
