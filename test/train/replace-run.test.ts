/** A run in the place of another one. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJson } from '../../src/support/files.ts';
import { startRun } from '../../src/train/run.ts';
import { lockRun } from '../../src/train/run-folder.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const corpus = tinyCorpus(join(folder, 'corpus'));
const recipe = (seed: number, changes: object = {}) => tinyRecipe(corpus, { seed, train: { steps: 3 }, ...changes });
const seedOf = (run: string): unknown => (readJson(join(run, 'run.json')) as { recipe: { seed: number } }).recipe.seed;

/** A folder with the run of seed 1 in it, called `run`. */
async function withRun(name: string): Promise<{ home: string; run: string }> {
  const home = join(folder, name);
  mkdirSync(home);
  const run = join(home, 'run');
  await startRun(recipe(1), run);
  return { home, run };
}

it('is there when it has a checkpoint, and the other is gone', async () => {
  const { home, run } = await withRun('replaced');
  const seen: string[] = [];
  await startRun(recipe(2), run, { replace: true, hooks: { onStep: () => seen.push(...readdirSync(home)) } });
  expect(seen.some(name => /^run\.[0-9a-f]{8}\.tmp\.old$/.test(name))).toBe(true);
  expect(seedOf(run)).toBe(2);
  expect(readdirSync(home)).toEqual(['run']);
});

it('that cannot begin leaves the other as it is', async () => {
  const { home, run } = await withRun('too-small');
  const error = await errorOf(() => startRun(recipe(2, { model: { context: 1e6 } }), run, { replace: true }));
  expect(error.code).toBe('TSLM_CORPUS_TOO_SMALL');
  expect(seedOf(run)).toBe(1);
  expect(readdirSync(home)).toEqual(['run']);
});

it('that ends without a checkpoint gives its place back', async () => {
  const { home, run } = await withRun('diverged');
  const error = await errorOf(() => startRun(recipe(2, { optimizer: { lr: 3e38 } }), run, { replace: true }));
  expect(error.code).toBe('TSLM_DIVERGED');
  expect(seedOf(run)).toBe(1);
  expect(readdirSync(home)).toEqual(['run']);
  lockRun(run).release();
});

it('that was killed before its first checkpoint is forgotten by the next, and the other is not', async () => {
  const { home, run } = await withRun('killed');
  renameSync(run, join(home, 'run.0123abcd.tmp.old'));
  mkdirSync(run);
  writeFileSync(join(run, 'recipe.yaml'), 'name: tiny\n');
  const error = await errorOf(() => startRun(recipe(2, { optimizer: { lr: 3e38 } }), run, { replace: true }));
  expect(error.code).toBe('TSLM_DIVERGED');
  expect(seedOf(run)).toBe(1);
  expect(readdirSync(home)).toEqual(['run']);
});

it('takes the place of nothing else, nor of a run that goes on', async () => {
  const { home, run } = await withRun('others');
  using lock = lockRun(run);
  expect((await errorOf(() => startRun(recipe(2), run, { replace: true }))).code).toBe('TSLM_LOCKED');
  lock.release();
  rmSync(join(run, 'recipe.yaml'));
  expect((await errorOf(() => startRun(recipe(2), run, { replace: true }))).code).toBe('TSLM_RUN_EXISTS');
  expect(existsSync(join(run, 'run.json'))).toBe(true);
  expect(readdirSync(home)).toEqual(['run']);
});
