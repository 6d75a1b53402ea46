/** What a run is made of and leaves, damaged at random: each is read, or refused with a code. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { readRecipe } from '../../src/runs/recipe.ts';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { damage, damageTries, expectBoth } from '../helpers/damage.ts';
import { mutateBytes, mutateJsonFile, mutateText } from '../helpers/mutations.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const run = join(folder, 'run');
const yaml = mutateText([
  ...[':', '-', '\n', '  ', '{', '}', '[', ']', '&a', '*a', '!!binary', '|', '>', '"', "'", '#', '?', '<<: *a'],
  ...['1e999', '.nan', 'null', 'true', '-1', '99999999999', 'train', 'model', 'steps', '__proto__', 'x'],
]);

beforeAll(async () => {
  const recipe = tinyRecipe(tinyCorpus(join(folder, 'corpus')), { train: { steps: 4 }, checkpoints: { every: 2 } });
  await startRun(recipe, run);
});

it.each(['wikitext-2', 'instructions', 'translation'])('recipes/%s.yaml', { timeout: 1_800_000 }, async name => {
  const path = join(folder, 'recipe.yaml');
  const outcome = await damage(readFileSync(`recipes/${name}.yaml`), {
    mutate: yaml,
    read(bytes) {
      writeFileSync(path, bytes);
      readRecipe(path);
    },
  });
  expectBoth(outcome);
});

it.each([
  ['bytes', mutateBytes],
  ['signs', mutateText(['\n', '{', '}', '"', ':', ',', '"NaN"', 'null', '[]', '1e999', '{"step":1}'])],
])('metrics.jsonl, %s', { timeout: 1_800_000 }, async (_, mutate) => {
  const path = join(folder, 'metrics.jsonl');
  const outcome = await damage(readFileSync(join(run, 'metrics.jsonl')), {
    mutate,
    read(bytes) {
      writeFileSync(path, bytes);
      readMetrics(path);
    },
  });
  expectBoth(outcome);
});

it.each([
  ['run.json', mutateJsonFile],
  ['progress.json', mutateJsonFile],
  ['optimizer.safetensors', mutateBytes],
  ['model.safetensors', mutateBytes],
])('%s of a run that goes on', { timeout: 1_800_000 }, async (name, mutate) => {
  const checkpoints = readdirSync(join(run, 'checkpoints')).sort();
  const place = name === 'run.json' ? name : join('checkpoints', checkpoints.at(-1)!, name);
  const outcome = await damage(readFileSync(join(run, place)), {
    mutate,
    tries: Math.ceil(damageTries / 10),
    async read(bytes) {
      const damaged = join(folder, 'damaged');
      rmSync(damaged, { recursive: true, force: true }); // what an earlier try has finished
      cpSync(run, damaged, { recursive: true });
      writeFileSync(join(damaged, place), bytes);
      await resumeRun(damaged, { set: ['train.steps=5'] });
    },
  });
  expectBoth(outcome);
});
