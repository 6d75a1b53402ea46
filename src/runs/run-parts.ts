/** What a run is put together from: recipe, model, objective, optimizer, and the rows it trains and evaluates on. */
import { resolve } from 'node:path';
import type { RgbImage } from '../data/images/rgb-image.ts';
import { hasAdapter } from '../models/adapters/folder.ts';
import { createAdapter } from '../models/adapters/index.ts';
import { peftConfig } from '../models/adapters/options.ts';
import { modelFolder } from '../models/auto.ts';
import type { Model } from '../models/model.ts';
import { recomputeBlocks } from '../models/recompute.ts';
import { requireIsolation } from '../objectives/causal.ts';
import { createObjective, packingObjectives, requireFit, requireObjective } from '../objectives/index.ts';
import type { AnyObjective, Packing } from '../objectives/objective.ts';
import { usageError } from '../support/errors.ts';
import { noGrad, scope } from '../torch/index.ts';
import { gradNorm } from '../torch/kernels.ts';
import { adapterOnly } from '../train/adapter-trainable.ts';
import { type Ema, ema } from '../train/ema.ts';
import { requireMetric } from '../train/evaluation.ts';
import { isMadeByWorkers } from '../train/examples.ts';
import { freeze } from '../train/freeze.ts';
import { diverged } from '../train/loop.ts';
import type { Optimizer } from '../train/optimizers/optimizer.ts';
import { createOptimizer } from '../train/optimizers/optimizers.ts';
import { type Trainable, wholeModel } from '../train/trainable.ts';
import { sampleImages } from './image-rows.ts';
import { NEW_CONTEXT } from './recipe.ts';
import type { Recipe } from './recipe-schema.ts';
import { requireModules } from './rewards/reward-functions.ts';
import type { RunRows, RunSource } from './run-source.ts';
import { checkPrompts } from './samples.ts';
import type { StartingPoint } from './starting-point.ts';

export interface RunParts extends StartingPoint, RunRows {
  recipe: Recipe;
  source: RunSource;
  /** Tokens that the model sees at once in training. */
  context: number;
  packing: Packing;
  trainable: Trainable;
  objective: AnyObjective;
  /** The objective over what is held out. */
  heldOutObjective: AnyObjective;
  optimizer: Optimizer;
  /** What is described in samples, where the model writes about images. */
  sampleImages?: RgbImage[];
  /** What a person is to know of the rows. */
  notes: readonly string[];
  /** Averages of the weights. */
  ema?: Ema;
}

/** The parts of a run, with the context in the recipe. Throws a `UserError` when they do not fit each other. */
export function assemble(recipe: Recipe, source: RunSource, start: StartingPoint): RunParts {
  const { model, tokenizer } = start;
  requireObjective(model, recipe.objective.name, recipe.name);
  recomputeBlocks(model, recipe.train.recompute);
  const context = trainingContext(recipe, model);
  const packing = packingOf(recipe, source, model);
  // What needs a tokenizer and has none was refused when the source was opened.
  const made = { tokenizer: tokenizer!, context, model, seed: recipe.seed, packing, ...source.context };
  const objective = createObjective(recipe.objective, made);
  requireFit(model, objective, recipe.name);
  const heldOutObjective =
    objective.rows === 'document'
      ? createObjective(recipe.objective, { ...made, documents: source.heldOutDocuments })
      : objective;
  requireWorkers(recipe, objective);
  if (objective.explores) requireModules(objective.explores.options.rewards);
  const rows = source.rowsFor(objective);
  checkPrompts(recipe, model, tokenizer);
  const { imageProcessor } = source;
  const sampled = { heldOut: rows.heldOut, config: model.config };
  const arranged = arrangedRows(objective, heldOutObjective, rows, recipe);
  const trainable = trainableOf(recipe, { model, objective, context });
  if (recipe.train.freeze) freeze(trainable, recipe.train.freeze);
  requireMetric(
    { objective: arranged.heldOutObjective, data: arranged.heldOut, seed: recipe.seed, device: recipe.train.device },
    recipe.evaluation.best,
    'evaluation.best',
  );
  const data = recipe.data.corpus === undefined ? recipe.data : { ...recipe.data, packing };
  return {
    ...start,
    recipe: { ...recipe, data, model: { ...recipe.model, context } },
    source,
    context,
    packing,
    trainable,
    ...arranged,
    ...(imageProcessor && { sampleImages: sampleImages(recipe, imageProcessor, sampled) }),
    optimizer: optimizerFor(recipe, trainable),
    ema: recipe.train.ema && ema(trainable.namedParameters(), recipe.train.ema),
  };
}

/** Threads that were asked for must have something to do. */
function requireWorkers({ data: { workers }, objective: { name } }: Recipe, objective: AnyObjective): void {
  if (typeof workers !== 'number' || workers === 0 || isMadeByWorkers(objective)) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `'data.workers': examples of '${name}' are not made while the training goes on`,
    'leave it out',
  );
}

/** The whole model, or an adapter of it that is made anew. */
function trainableOf(
  { adapter, model: wanted, seed }: Recipe,
  { model, objective, context }: { model: Model; objective: AnyObjective; context: number },
): Trainable {
  if (!adapter) return wholeModel(model, objective.companions, objective.files);
  if (Object.keys(objective.companions ?? {}).length > 0) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'adapter': this objective trains other models along, which have none`,
      'leave it out, or choose another objective',
    );
  }
  const base = modelFolder(wanted.from!);
  if (hasAdapter(base)) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'adapter': ${base} holds an adapter itself, and a file of one names a single model below it`,
      `\`tslm merge ${wanted.from} --out FOLDER\` makes a model of both`,
    );
  }
  const made = createAdapter(model, peftConfig(adapter, resolve(base)), { seed });
  const room = model.maxPositions - (made.prompt?.count ?? 0);
  if (context <= room) return adapterOnly(made);
  throw usageError(
    'TSLM_BAD_CONTEXT',
    `the model sees ${model.maxPositions} tokens, and the adapter takes ${made.prompt!.count} of them: 'model.context' is ${context}`,
    `for example --set model.context=${room}`,
  );
}

/** LoRA+ has another learning rate for B, and a low one for tables (Hayou et al. 2024, arXiv:2402.12354). */
function optimizerFor({ optimizer, adapter }: Recipe, trainable: Trainable): Optimizer {
  const named = trainable.namedParameters();
  const ratio = adapter?.method === 'lora' ? adapter.loraPlus : undefined;
  if (ratio === undefined) return createOptimizer(named, optimizer, trainable);
  const plus = [
    { match: ['*.lora_B.*'], lr: ratio },
    { match: ['*.lora_embedding_*'], lr: LORA_PLUS_TABLE_LR / optimizer.lr },
  ].filter(({ match: [pattern] }) => named.some(([name]) => name.includes(pattern.replaceAll('*', ''))));
  return createOptimizer(named, { ...optimizer, groups: [...(optimizer.groups ?? []), ...plus] }, trainable);
}

const LORA_PLUS_TABLE_LR = 1e-6;

/** Rows as an objective reads them: for some they are made into examples once, before the training. */
function arrangedRows(
  objective: AnyObjective,
  heldOutObjective: AnyObjective,
  rows: RunRows,
  { data: { skipBad }, objective: { name } }: Recipe,
): Pick<RunParts, 'objective' | 'heldOutObjective' | 'data' | 'heldOut' | 'notes'> {
  if (!objective.arrange) return { objective, heldOutObjective, ...rows, notes: [] };
  const made = { ...objective, example: (example: unknown) => example };
  const data = objective.arrange(rows.data, { skipBad });
  const heldOut = heldOutObjective.arrange!(rows.heldOut, { skipBad });
  const heldOutNotes = heldOut.notes.map(note => `held out: ${note}`);
  const sizes =
    data.length === rows.data.length ? [] : [`${name}: ${rows.data.length} rows make ${data.length} examples`];
  return { objective: made, heldOutObjective: made, data, heldOut, notes: [...data.notes, ...heldOutNotes, ...sizes] };
}

/** Documents are kept apart where corpus and model can; it is an error to ask for it where the model cannot. */
function packingOf({ data, name, objective, adapter }: Recipe, { hasBorders }: RunSource, model: Model): Packing {
  if (!packingObjectives.includes(objective.name)) return 'stream';
  // A learnt prompt stands before one text.
  const hasPrompt = adapter?.method === 'prompt-tuning' || adapter?.method === 'prefix-tuning';
  if (hasPrompt && data.packing === 'documents') {
    throw usageError(
      'TSLM_CONTRADICTION',
      `'data.packing': documents of a window cannot all begin with the prompt of '${adapter.method}'`,
      'leave it out',
    );
  }
  if (data.packing === 'documents') requireIsolation(model, name);
  return data.packing ?? (!hasPrompt && hasBorders && model.backbone.isolatesDocuments ? 'documents' : 'stream');
}

/** Of a model that is loaded and may see far more than anybody trains on. */
const DEFAULT_CONTEXT = 1024;

/**
 * Tokens that the model sees at once in training: all that a new one can; of one that was loaded `model.context`, by
 * default 1,024 or as many as it can.
 *
 * @throws UserError when it can see fewer
 */
export function trainingContext({ model: { from, context } }: Pick<Recipe, 'model'>, { maxPositions }: Model): number {
  if (from === undefined) return Math.min(maxPositions, context ?? NEW_CONTEXT);
  if (context === undefined) return Math.min(maxPositions, DEFAULT_CONTEXT);
  if (context <= maxPositions) return context;
  throw usageError(
    'TSLM_BAD_CONTEXT',
    `'model.context' is ${context}, and the model in ${from} sees ${maxPositions} tokens`,
    `for example --set model.context=${maxPositions}`,
  );
}

/** A checkpoint of weights that are no longer numbers would push out a good one. */
export function requireFiniteWeights(trainable: Trainable, step: number): void {
  const parameters = trainable.namedParameters().map(([, parameter]) => parameter);
  const norm = scope(() => noGrad(() => gradNorm(parameters).item()));
  if (!Number.isFinite(norm)) throw diverged(step, 'norm of the weights', norm);
}
