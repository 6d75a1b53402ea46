/** What a run is put together from: recipe, model, objective, optimizer, and the rows it trains and evaluates on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createModel, describeModel, familyOf, loadCompleteModel, loadModel, modelFolder } from '../models/auto.ts';
import { withLabels } from '../models/config/keys.ts';
import type { Model, Task } from '../models/model.ts';
import { recomputeBlocks } from '../models/recompute.ts';
import { requireIsolation } from '../objectives/causal.ts';
import { classesFor, createObjective, packingObjectives, requireFit, requireObjective } from '../objectives/index.ts';
import type { AnyObjective, Packing } from '../objectives/objective.ts';
import { usageError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { noGrad, scope } from '../torch/index.ts';
import { gradNorm } from '../torch/kernels.ts';
import { freeze } from '../train/freeze.ts';
import { diverged } from '../train/loop.ts';
import type { Optimizer } from '../train/optimizers/optimizer.ts';
import { createOptimizer } from '../train/optimizers/optimizers.ts';
import { type Trainable, wholeModel } from '../train/trainable.ts';
import { NEW_CONTEXT } from './recipe.ts';
import type { Recipe } from './recipe-schema.ts';
import type { RunRows, RunSource } from './run-source.ts';
import { checkPrompts } from './samples.ts';

/** A model to train, with what its folder is to say besides the weights. */
export interface StartingPoint {
  model: Model;
  tokenizer: Tokenizer;
  /** What generation_config.json says. */
  generation: Record<string, unknown>;
}

export interface RunParts extends StartingPoint, RunRows {
  recipe: Recipe;
  source: RunSource;
  /** Tokens that the model sees at once in training. */
  context: number;
  trainable: Trainable;
  objective: AnyObjective;
  /** The objective over what is held out. */
  heldOutObjective: AnyObjective;
  optimizer: Optimizer;
}

/** The parts of a run, with the context in the recipe. Throws a `UserError` when they do not fit each other. */
export function assemble(recipe: Recipe, source: RunSource, start: StartingPoint): RunParts {
  const { model, tokenizer } = start;
  requireObjective(model, recipe.objective.name, recipe.name);
  recomputeBlocks(model, recipe.train.recompute);
  const context = trainingContext(recipe, model);
  const packing = packingOf(recipe, source, model);
  const made = { tokenizer, context, model, seed: recipe.seed, packing, ...source.context };
  const objective = createObjective(recipe.objective, made);
  requireFit(model, objective, recipe.name);
  const heldOutObjective =
    objective.rows === 'document'
      ? createObjective(recipe.objective, { ...made, documents: source.heldOutDocuments })
      : objective;
  checkPrompts(recipe, model, tokenizer);
  const trainable = wholeModel(model, objective.companions, objective.files);
  if (recipe.train.freeze) freeze(trainable, recipe.train.freeze);
  const data = recipe.data.corpus === undefined ? recipe.data : { ...recipe.data, packing };
  return {
    ...start,
    recipe: { ...recipe, data, model: { ...recipe.model, context } },
    source,
    context,
    trainable,
    objective,
    heldOutObjective,
    ...source.rowsFor(objective),
    optimizer: createOptimizer(trainable.namedParameters(), recipe.optimizer, trainable),
  };
}

/** Documents are kept apart where corpus and model can; it is an error to ask for it where the model cannot. */
function packingOf({ data, name, objective }: Recipe, { hasBorders }: RunSource, model: Model): Packing {
  if (!packingObjectives.includes(objective.name)) return 'stream';
  if (data.packing === 'documents') requireIsolation(model, name);
  return data.packing ?? (hasBorders && model.backbone.isolatesDocuments ? 'documents' : 'stream');
}

/** Of a model that is loaded and may see far more than anybody trains on. */
const DEFAULT_CONTEXT = 1024;

/**
 * Tokens that the model sees at once in training: all that a new one can; of one that was loaded `model.context`, by
 * default 1,024 or as many as it can.
 *
 * @throws UserError when it can see fewer
 */
export function trainingContext({ model: { from, context } }: Recipe, { maxPositions }: Model): number {
  if (from === undefined) return Math.min(maxPositions, context ?? NEW_CONTEXT);
  if (context === undefined) return Math.min(maxPositions, DEFAULT_CONTEXT);
  if (context <= maxPositions) return context;
  throw usageError(
    'TSLM_BAD_CONTEXT',
    `'model.context' is ${context}, and the model in ${from} sees ${maxPositions} tokens`,
    `for example --set model.context=${maxPositions}`,
  );
}

/** What a recipe starts with: a new model, or the one that `model.from` names. */
export function startingPoint(recipe: Recipe, source: RunSource): StartingPoint {
  const { from } = recipe.model;
  if (from !== undefined) {
    const folder = modelFolder(from);
    source.requireTokenizer(folder);
    return trainedModel(folder, recipe, recipe.model.architecture);
  }
  const tokenizer = source.tokenizer();
  return { model: modelFor(recipe, source), tokenizer, generation: endOfSequence(tokenizer) };
}

/** What there is to say of generation when nobody has said anything. */
const endOfSequence = ({ eosTokenId }: Tokenizer): Record<string, unknown> =>
  eosTokenId === undefined ? {} : { eos_token_id: eosTokenId };

/**
 * The model in a folder, to train on; what the folder says of generation stays as it is.
 *
 * @param architecture a class of its family whose head is put on; what the folder lacks of it is drawn from the seed
 */
export function trainedModel(folder: string, recipe: Recipe, architecture?: string): StartingPoint {
  const path = join(folder, 'generation_config.json');
  const tokenizer = Tokenizer.fromFile(folder);
  return {
    model: loadForTraining(folder, recipe, architecture),
    tokenizer,
    generation: existsSync(path) ? (readJson(path) as Record<string, unknown>) : endOfSequence(tokenizer),
  };
}

/** The model that a recipe starts with. */
export function modelFor(recipe: Recipe, source: RunSource): Model {
  const { model: wanted, seed, train } = recipe;
  if (wanted.from !== undefined) return startingPoint(recipe, source).model;
  const { family, dropout, performer, labels, config = {} } = wanted;
  const known = familyOf(family, 'model.family');
  const architecture = wanted.architecture ?? classesFor(known, recipe.objective.name)[0];
  const sizes = { ...wanted, context: wanted.context ?? NEW_CONTEXT, vocabSize: source.vocabSize };
  const model = createModel(family, sizes, {
    seed,
    dropout,
    eosTokenId: source.eosTokenId,
    performer,
    architecture,
    config: labels ? withLabels(config, labels) : config,
  });
  model.to({ device: train.device });
  return model;
}

/**
 * Loads a model with its weights laid out as a new model's are, rather than transposed or in a mapped file: the layout
 * decides in which order products are summed, and so how they are rounded.
 */
export function loadForTraining(folder: string, { train, seed, model: wanted }: Recipe, architecture?: string): Model {
  const { device } = train;
  const { labels } = wanted;
  const model =
    architecture === undefined
      ? loadCompleteModel(folder, { device })
      : loadModel(folder, { device, seed, labels, task: taskOfClass(folder, architecture) }).model;
  scope(() => {
    for (const parameter of model.parameters()) parameter.replace(parameter.detach().contiguous().clone());
  });
  return model;
}

/** What a class of the family of the model in a folder is for: its head may be another than the folder's, and new. */
function taskOfClass(folder: string, architecture: string): Task {
  const { family } = describeModel(folder).model;
  const task = family.architectures[architecture];
  if (task !== undefined) return task;
  throw usageError(
    'TSLM_ARCHITECTURE',
    `'model.architecture': ${family.modelType} has no class '${architecture}'`,
    `its classes: ${Object.keys(family.architectures).join(', ')}`,
  );
}

/** A checkpoint of weights that are no longer numbers would push out a good one. */
export function requireFiniteWeights(model: Model, step: number): void {
  const norm = scope(() => noGrad(() => gradNorm(model.parameters()).item()));
  if (!Number.isFinite(norm)) throw diverged(step, 'norm of the weights', norm);
}
