/** Training from code: what is asked, where it runs, what it leaves. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resume, train } from '../../src/library/train.ts';
import { recipeOf } from '../../src/library/training-options.ts';
import { parseRecipe } from '../../src/runs/recipe.ts';
import { scratchFolder } from '../support/scratch.ts';

const out = (name: string): string => join(scratchFolder(), name);
const texts = readFileSync('README.md', 'utf8').split('\n\n');
const small = { model: { layers: 1, hidden: 32, context: 32 }, vocabSize: 300, batchSize: 4 };

describe('train', () => {
  it('stops at a signal, goes on, is measured and opened; other code runs meanwhile', async () => {
    const folder = out('run');
    const stop = new AbortController();
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const steps: number[] = [];
    const stopped = await train({
      ...small,
      texts,
      out: folder,
      steps: 12,
      signal: stop.signal,
      onStep({ step }) {
        steps.push(step);
        if (step === 3) stop.abort();
      },
    });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    expect(stopped.finished).toBe(false);
    expect(steps.slice(0, 3)).toEqual([1, 2, 3]);
    const run = await resume(folder);
    expect(run).toMatchObject({ finished: true, step: 12 });
    expect(readdirSync(join(folder, 'data'))).toEqual(['corpus']);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
    const { bitsPerByte, bitsPerCharacter } = await run.evaluate('test');
    expect(bitsPerByte).toBeGreaterThan(0);
    expect(bitsPerCharacter).toBeGreaterThanOrEqual(bitsPerByte);
    await using model = await run.open();
    expect(typeof (await model.text('The ', { maxTokens: 4 }))).toBe('string');
  });

  it('names what is wrong before anything is written', async () => {
    const folder = out('none');
    const refused = async (options: object) =>
      await train({ out: folder, ...options }).then(String, error => error.message);
    expect(await refused({})).toMatch(/nothing to learn from/);
    expect(await refused({ texts, corpus: 'x' })).toMatch(/texts and corpus are both given/);
    expect(await refused({ texts, stepz: 3 })).toMatch(/unknown key 'stepz'/);
    expect(await refused({ rows: [{ text: 'a', label: 'b' }] })).toMatch(/'model.from' is missing/);
    expect(await refused({ rows: [{ text: 'a', label: 'b' }], model: { from: 'x' }, steps: 3 })).toMatch(
      /'steps' does not go with rows/,
    );
    expect(await refused({ texts, model: { layrs: 2 } })).toMatch(/'model.layrs'/);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('the recipe of a few options', () => {
  const recipe = (options: object) => parseRecipe(recipeOf({ out: 'runs/mine', ...options }, 'c'), 'train');

  it('has a head for every 64 numbers, and a warm-up that fits', () => {
    const { model, schedule, train: section, name } = recipe({ model: { hidden: 192 }, steps: 60 });
    expect(model.heads).toBe(3);
    expect(schedule.numWarmupSteps).toBe(6);
    expect(section.steps).toBe(60);
    expect(name).toBe('mine');
  });

  it('lets `recipe` have the last word, key by key', () => {
    const { train: section, optimizer } = recipe({
      steps: 60,
      batchSize: 8,
      recipe: { train: { clipGradNorm: 2 }, optimizer: { name: 'lion', lr: 1e-4 } },
    });
    expect(section).toMatchObject({ steps: 60, batchSize: 8, clipGradNorm: 2 });
    expect(optimizer).toMatchObject({ name: 'lion', lr: 1e-4 });
  });
});
