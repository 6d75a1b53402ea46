/** What a run is put together from: recipe, corpus, model, optimizer, and the windows it trains and evaluates on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Corpus } from '../data/corpus/corpus.ts';
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import { corpusDocuments } from '../data/rows/corpus-documents.ts';
import { corpusWindows, evaluationWindows } from '../data/rows/corpus-windows.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import type { Rows } from '../data/rows/rows.ts';
import { createModel, familyOf, loadCompleteModel, modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { recomputeBlocks } from '../models/recompute.ts';
import { requireIsolation } from '../objectives/causal.ts';
import { classesFor, createObjective, requireFit, requireObjective } from '../objectives/index.ts';
import type { AnyObjective, Packing } from '../objectives/objective.ts';
import { usageError } from '../support/errors.ts';
import { readJson } from '../support/files.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { noGrad, scope } from '../torch/index.ts';
import { gradNorm } from '../torch/kernels.ts';
import { diverged } from '../train/loop.ts';
import type { Optimizer } from '../train/optimizers/optimizer.ts';
import { createOptimizer } from '../train/optimizers/optimizers.ts';
import { type Trainable, wholeModel } from '../train/trainable.ts';
import { NEW_CONTEXT, type Recipe } from './recipe.ts';
import { checkPrompts } from './samples.ts';

/** A model to train, with what its folder is to say besides the weights. */
export interface StartingPoint {
  model: Model;
  tokenizer: Tokenizer;
  /** What generation_config.json says. */
  generation: Record<string, unknown>;
}

export interface RunParts extends StartingPoint {
  recipe: Recipe;
  corpus: Corpus;
  /** Tokens that the model sees at once in training. */
  context: number;
  trainable: Trainable;
  objective: AnyObjective;
  optimizer: Optimizer;
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  data: Dataset<any>;
  /** What evaluations look at. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
  heldOut: Dataset<any>;
}

/** The parts of a run, with the context in the recipe. Throws a `UserError` when they do not fit each other. */
export function assemble(recipe: Recipe, corpus: Corpus, start: StartingPoint): RunParts {
  const { evaluation, seed } = recipe;
  const { model, tokenizer } = start;
  const where = recipe.name;
  requireObjective(model, recipe.objective.name, where);
  recomputeBlocks(model, recipe.train.recompute);
  const context = trainingContext(recipe, model);
  const packing = packingOf(recipe, corpus, model);
  const [train, held] = [corpus.split('train'), corpus.split(evaluation.split)];
  const documents = corpusDocuments(train, tokenizer);
  const endBegins = corpus.index.prefix_token_ids.length === 0 && corpus.index.eos_token_id !== null;
  const made = { tokenizer, context, model, seed, documents, packing, endBegins };
  const objective = createObjective(recipe.objective, made);
  requireFit(model, objective, where);
  checkPrompts(recipe, model, tokenizer);
  const trainable = wholeModel(model, objective.companions);
  return {
    ...start,
    recipe: { ...recipe, data: { ...recipe.data, packing }, model: { ...recipe.model, context } },
    corpus,
    context,
    trainable,
    objective,
    ...rowsOf(objective, { train, held, documents, tokenizer, seed, limit: evaluation.windows }),
    optimizer: createOptimizer(trainable.namedParameters(), recipe.optimizer),
  };
}

/** What is trained on, and what evaluations look at. */
function rowsOf(
  { name, rows, window, overlap = 0 }: AnyObjective,
  {
    train,
    held,
    documents,
    tokenizer,
    seed,
    limit,
  }: {
    train: CorpusSplit;
    held: CorpusSplit;
    documents: Dataset<Rows['document']>;
    tokenizer: Tokenizer;
    seed: number;
    limit: number;
  },
): Pick<RunParts, 'data' | 'heldOut'> {
  if (rows === 'document') return { data: documents, heldOut: corpusDocuments(held, tokenizer, { limit }) };
  if (rows === 'tokens' && window !== undefined) {
    const cut = { length: window, stride: window - overlap };
    return { data: corpusWindows(train, { ...cut, seed }), heldOut: evaluationWindows(held, { ...cut, limit }) };
  }
  throw usageError(
    'TSLM_ROWS',
    `the objective '${name}' learns from rows of the kind '${rows}', and a corpus has none`,
    'data.corpus serves objectives of words and sentences',
  );
}

/** Documents are kept apart where corpus and model can; it is an error to ask for it where the model cannot. */
function packingOf({ data, name, objective }: Recipe, { index }: Corpus, model: Model): Packing {
  if (objective.name !== 'causal') return 'stream';
  if (data.packing === 'documents') requireIsolation(model, name);
  const hasBorders = index.eos_token_id !== null || index.prefix_token_ids.length > 0;
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
export function startingPoint(recipe: Recipe, corpus: Corpus): StartingPoint {
  const { from } = recipe.model;
  if (from !== undefined) {
    const folder = modelFolder(from);
    corpus.requireTokenizer(folder);
    return trainedModel(folder, recipe);
  }
  const tokenizer = corpus.tokenizer();
  return { model: modelFor(recipe, corpus), tokenizer, generation: endOfSequence(tokenizer) };
}

/** What there is to say of generation when nobody has said anything. */
const endOfSequence = ({ eosTokenId }: Tokenizer): Record<string, unknown> =>
  eosTokenId === undefined ? {} : { eos_token_id: eosTokenId };

/** The model in a folder, to train on; what the folder says of generation stays as it is. */
export function trainedModel(folder: string, recipe: Recipe): StartingPoint {
  const path = join(folder, 'generation_config.json');
  const tokenizer = Tokenizer.fromFile(folder);
  return {
    model: loadForTraining(folder, recipe),
    tokenizer,
    generation: existsSync(path) ? (readJson(path) as Record<string, unknown>) : endOfSequence(tokenizer),
  };
}

/** The model that a recipe starts with. */
export function modelFor(recipe: Recipe, corpus: Corpus): Model {
  const { model: wanted, seed, train } = recipe;
  if (wanted.from !== undefined) return startingPoint(recipe, corpus).model;
  const { family, dropout, performer, config } = wanted;
  const known = familyOf(family, 'model.family');
  const architecture = wanted.architecture ?? classesFor(known, recipe.objective.name)[0];
  const sizes = { ...wanted, context: wanted.context ?? NEW_CONTEXT, vocabSize: corpus.index.vocab_size };
  const model = createModel(family, sizes, {
    seed,
    dropout,
    eosTokenId: corpus.index.eos_token_id,
    performer,
    architecture,
    config,
  });
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
