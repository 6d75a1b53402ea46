/** What a run is put together from: recipe, corpus, model, optimizer, and the windows it trains and evaluates on. */
import type { Corpus } from '../data/corpus.ts';
import { createModel, loadCompleteModel, modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { recomputeBlocks } from '../models/recompute.ts';
import { causal, requireCausal } from '../objectives/causal.ts';
import type { Tokens } from '../objectives/objective.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { noGrad, scope } from '../torch/index.ts';
import { gradNorm } from '../torch/kernels.ts';
import { evaluationWindows } from './batches.ts';
import { diverged } from './loop.ts';
import type { Optimizer } from './optimizer.ts';
import { createOptimizer } from './optimizers.ts';
import type { Recipe } from './recipe.ts';
import { checkPrompts } from './samples.ts';
import { createWindowSampler, type WindowSampler } from './window-sampler.ts';

export interface RunParts {
  recipe: Recipe;
  tokenizer: Tokenizer;
  corpus: Corpus;
  model: Model;
  optimizer: Optimizer;
  sampler: WindowSampler;
  evaluationWindows: readonly Tokens[];
}

/** The parts of a run. Throws a `UserError` when they do not fit each other. */
export function assemble(recipe: Recipe, corpus: Corpus, model: Model): RunParts {
  const { evaluation, seed } = recipe;
  requireCausal(model, recipe.name);
  recomputeBlocks(model, recipe.train.recompute);
  const context = model.maxPositions;
  const tokenizer = corpus.tokenizer();
  checkPrompts(recipe, tokenizer, context);
  return {
    recipe,
    corpus,
    tokenizer,
    model,
    sampler: createWindowSampler(corpus.split('train'), {
      length: causal.exampleLength(context),
      stride: context,
      seed,
    }),
    evaluationWindows: evaluationWindows(corpus.split(evaluation.split), causal, context, {
      limit: evaluation.windows,
    }),
    optimizer: optimizerFor(recipe, model),
  };
}

export const optimizerFor = ({ optimizer }: Recipe, model: Model): Optimizer =>
  createOptimizer([...model.namedParameters()], optimizer);

/** The model that a recipe starts with. */
export function modelFor(recipe: Recipe, corpus: Corpus): Model {
  const { model: wanted, seed, train } = recipe;
  if (wanted.from !== undefined) {
    const folder = modelFolder(wanted.from);
    corpus.requireTokenizer(folder);
    return loadForTraining(folder, recipe);
  }
  const { family, dropout, performer } = wanted;
  const sizes = { ...wanted, vocabSize: corpus.index.vocab_size };
  const model = createModel(family, sizes, { seed, dropout, eosTokenId: corpus.index.eos_token_id, performer });
  model.to({ device: train.device });
  return model;
}

/**
 * Loads a model with its weights laid out as a new model's are, rather than transposed or in a mapped file: the layout
 * decides in which order products are summed, and so how they are rounded.
 */
export function loadForTraining(folder: string, { train }: Recipe): Model {
  const model = loadCompleteModel(folder, { device: train.device });
  scope(() => {
    for (const parameter of model.parameters()) parameter.replace(parameter.detach().contiguous().clone());
  });
  return model;
}

/** A checkpoint of weights that are no longer numbers would push out a good one. */
export function requireFiniteWeights(model: Model, step: number): void {
  const norm = scope(() => noGrad(() => gradNorm(model.parameters()).item()));
  if (!Number.isFinite(norm)) throw diverged(step, 'norm of the weights', norm);
}
