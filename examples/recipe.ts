/** A recipe as an object: the same keys as in recipes/*.yaml, checked in the same way. */
import { rmSync } from 'node:fs';
import { parseRecipe, startRun } from 'tslm/runs';

rmSync('runs/recipe', { recursive: true, force: true });
const recipe = parseRecipe(
  {
    name: 'recipe',
    data: { corpus: 'corpora/docs' }, // prepare-corpus.ts
    model: { family: 'llama', layers: 1, hidden: 32, heads: 2, context: 32 },
    train: { steps: 10, batchSize: 4 },
  },
  'examples/recipe.ts',
);
const result = await startRun(recipe, 'runs/recipe', {
  hooks: { onStart: ({ parameters }) => console.error(parameters) },
});
console.log(result.step, result.best?.loss);
