/** A recipe that fits machine, text and time: the size of the model, the number of steps, prompts of the text. */
import { join } from 'node:path';
import type { Corpus } from '../../data/corpus.ts';
import { root } from '../../support/root.ts';
import type { Recipe } from '../../train/recipe.ts';

/** Layers, width and heads, smallest first. */
const SIZES = [
  { layers: 4, hidden: 192, heads: 3 },
  { layers: 6, hidden: 256, heads: 4 },
  { layers: 6, hidden: 384, heads: 6 },
];

/** A larger model pays when the time is enough to show it the training text this many times. */
const PASSES = 2.5;

/**
 * `recipes/quickstart.yaml` for what this machine does in so many seconds, measured with real steps. A slow machine gets
 * the small model, for one pass over the text and more; a fast one, which would go round the text again and again, a larger one.
 *
 * @param prompts of the samples; default the first words of a few held-out documents
 * @throws UserError when the text is too short to train on
 */
export async function fittingRecipe(folder: string, seconds: number, prompts?: readonly string[]): Promise<Recipe> {
  const { readRecipe } = await import('../../train/recipe.ts');
  const { openCorpus } = await import('../../data/corpus.ts');
  const corpus = openCorpus(folder);
  const recipe = readRecipe(join(root, 'recipes', 'quickstart.yaml'));
  recipe.samples.prompts = prompts ? [...prompts] : beginnings(corpus);
  const { tokens } = corpus.index.splits.train;
  const tokensPerStep = recipe.train.batchSize * recipe.model.context;
  let fitting = withSteps(recipe, await stepsIn(seconds, recipe, corpus));
  for (const size of SIZES.slice(1)) {
    const larger = { ...recipe, model: { ...recipe.model, ...size } };
    if (fitting.train.steps * tokensPerStep < PASSES * tokens) break; // already no time for as much with the smaller one
    const steps = await stepsIn(seconds, larger, corpus);
    if (steps * tokensPerStep < PASSES * tokens) break;
    fitting = withSteps(larger, steps);
  }
  return fitting;
}

function withSteps(recipe: Recipe, steps: number): Recipe {
  return {
    ...recipe,
    train: { ...recipe.train, steps },
    schedule: { ...recipe.schedule, numWarmupSteps: Math.min(20, Math.floor(steps / 10)) },
    evaluation: { ...recipe.evaluation, every: Math.max(1, Math.floor(steps / 6)) },
    checkpoints: { ...recipe.checkpoints, every: Math.max(1, Math.floor(steps / 3)) },
  };
}

/** How many steps there is time for, by the mean of a few on random tokens. */
async function stepsIn(seconds: number, recipe: Recipe, corpus: Corpus): Promise<number> {
  const { trainingStep } = await import('../../train/throughput.ts');
  const { computeDtype } = await import('../../train/precision.ts');
  const { assemble, modelFor } = await import('../../train/run-parts.ts');
  const { model, optimizer } = assemble(recipe, corpus, modelFor(recipe, corpus));
  const step = trainingStep(model, optimizer, {
    dtype: computeDtype(recipe.train),
    device: recipe.train.device,
    batch: recipe.train.batchSize,
    seq: recipe.model.context,
    vocab: corpus.index.vocab_size,
  });
  const [, ...measured] = Array.from({ length: 5 }, step);
  optimizer.dispose();
  model.dispose();
  const mean = measured.reduce((sum, one) => sum + one, 0) / measured.length;
  return Math.max(20, Math.floor(seconds / mean));
}

/** The first words of a few held-out documents. */
function beginnings(corpus: Corpus): string[] {
  const split = corpus.split('validation');
  const tokenizer = corpus.tokenizer();
  const count = Math.min(3, split.documents);
  return Array.from({ length: count }, (_, i) => {
    const tokens = split.document(Math.floor((i * split.documents) / count));
    return tokenizer.decode(tokens.subarray(0, 8), { skipSpecialTokens: true }).replace(/\uFFFD+$/, ''); // half a character
  });
}
