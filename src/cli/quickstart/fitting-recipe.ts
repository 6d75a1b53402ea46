/** A recipe that fits machine, text and time: the size of the model, the number of steps, prompts of the text. */
import { join } from 'node:path';
import type { Corpus } from '../../data/corpus/corpus.ts';
import type { Recipe } from '../../runs/recipe-schema.ts';
import { root } from '../../support/root.ts';

/** Layers, width and heads, smallest first. */
const SIZES = [
  { layers: 4, hidden: 192, heads: 3 },
  { layers: 6, hidden: 256, heads: 4 },
  { layers: 6, hidden: 384, heads: 6 },
];

/** A larger model pays when the time is enough to show it the training text this many times. */
const PASSES = 2.5;
/** And for this many updates: of a short text a few steps are many passes. */
const LEAST_STEPS = 500;

/**
 * `recipes/quickstart.yaml` for what this machine does in the time given, measured with real steps. A slow machine gets
 * the small model, for one pass over the text and more; a fast one, which would go round the text again and again, a larger one.
 *
 * @param prompts of the samples; default the first words of a few held-out documents
 * @throws UserError when the text is too short to train on
 */
export async function fittingRecipe(folder: string, seconds: number, prompts?: readonly string[]): Promise<Recipe> {
  const { readRecipe } = await import('../../runs/recipe.ts');
  const { openCorpus } = await import('../../data/corpus/corpus.ts');
  const corpus = openCorpus(folder);
  const recipe = readRecipe(join(root, 'recipes', 'quickstart.yaml'));
  recipe.samples.prompts = prompts ? [...prompts] : beginnings(corpus);
  let fitting = await measured(seconds, recipe, corpus);
  for (const size of SIZES.slice(1)) {
    if (!paysToGrow(fitting)) break; // no time for as much with the smaller one
    const larger = await measured(seconds, { ...recipe, model: { ...recipe.model, ...size } }, corpus);
    if (!paysToGrow(larger)) break;
    fitting = larger;
  }
  return withTime(fitting.recipe, { seconds, steps: fitting.steps });
}

/** The time ends the training; the steps that it is good for set the warm-up and the intervals. */
function withTime(recipe: Recipe, { seconds, steps }: { seconds: number; steps: number }): Recipe {
  return {
    ...recipe,
    train: { ...recipe.train, steps, budget: `${seconds}s` },
    schedule: { ...recipe.schedule, numWarmupSteps: Math.min(20, Math.floor(steps / 10)) },
    evaluation: { ...recipe.evaluation, every: Math.max(1, Math.floor(steps / 6)) },
    checkpoints: { ...recipe.checkpoints, every: Math.max(1, Math.floor(steps / 3)) },
  };
}

interface Measured {
  recipe: Recipe;
  /** How many there is time for. */
  steps: number;
  /** How often that shows the training text. */
  passes: number;
}

const paysToGrow = ({ passes, steps }: Measured): boolean => passes >= PASSES && steps >= LEAST_STEPS;

/** By the median of a few steps on random tokens; the first are slower. */
async function measured(seconds: number, wanted: Recipe, corpus: Corpus): Promise<Measured> {
  const { trainingStep } = await import('../../bench/training.ts');
  const { computeDtype } = await import('../../train/precision.ts');
  const { assemble } = await import('../../runs/run-parts.ts');
  const { startingPoint } = await import('../../runs/starting-point.ts');
  const { corpusSource } = await import('../../runs/run-source.ts');
  const source = corpusSource(corpus, wanted);
  const { model, optimizer, context, recipe } = assemble(wanted, source, startingPoint(wanted, source));
  const { batchSize, device } = recipe.train;
  const step = trainingStep(model, optimizer, {
    dtype: computeDtype(recipe.train),
    device,
    batch: batchSize,
    seq: context,
    vocab: corpus.index.vocab_size,
  });
  const [, , ...times] = Array.from({ length: 9 }, step);
  optimizer.dispose();
  model.dispose();
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  const steps = Math.max(20, Math.floor(seconds / median));
  return { recipe, steps, passes: (steps * batchSize * context) / corpus.index.splits.train.tokens };
}

/** The first words of a few held-out documents; of one that was cut off another, those of its first whole sentence. */
function beginnings(corpus: Corpus): string[] {
  const split = corpus.split('validation');
  const tokenizer = corpus.tokenizer();
  const count = Math.min(3, split.documents);
  const isCut = corpus.index.options.split === 'tail';
  return Array.from({ length: count }, (_, i) => {
    const document = split.document(Math.floor((i * split.documents) / count));
    const text = tokenizer.decode(document.subarray(0, MOST_TOKENS), { skipSpecialTokens: true });
    const { ids } = tokenizer.encode(isCut && i === 0 ? fromWholeSentence(text) : text, { addSpecialTokens: false });
    return tokenizer.decode(ids.slice(0, 8), { skipSpecialTokens: true }).replace(/\uFFFD+$/, ''); // half a character
  });
}

/** Tokens in which the beginning of a sentence is looked for. */
const MOST_TOKENS = 400;

/** From the first sentence or line that is there from its beginning; all of it where there is none. */
export function fromWholeSentence(text: string): string {
  const end = /\n\s*|[。！？](?=.)["”’」』]*|[.!?]["”’)]*\s+/u.exec(text.slice(0, -1));
  return end ? text.slice(end.index + end[0].length) : text;
}
