/**
 * A run directory: the recipe as resolved, run.json (lineage), metrics.jsonl, TensorBoard events, samples.jsonl,
 * checkpoints/, model/ (the best model so far by `evaluation.best`, a folder that every command reads), report.html.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Model } from '../models/model.ts';
import { namingFile, usageError } from '../support/errors.ts';
import { makeFolder, writeFileAtomically, writeJson } from '../support/files.ts';
import { manualSeed, requireDevice } from '../torch/index.ts';
import type { WordVectors } from '../vectors/index.ts';
import { latestCheckpoint, noProgress, restoreCheckpoint } from './checkpoints.ts';
import { type Lineage, lineageOf, readLineage, requireSameData } from './lineage.ts';
import { readRecipe, resolvedRecipe } from './recipe.ts';
import { changesOf, refuseChanges } from './recipe-changes.ts';
import type { Recipe } from './recipe-schema.ts';
import { withReference } from './reference.ts';
import { requireSameModules } from './rewards/module-hashes.ts';
import { lockRun, refuseOccupied, removeLeftovers } from './run-folder.ts';
import type { RunHooks, RunResult } from './run-hooks.ts';
import { assemble, type RunParts } from './run-parts.ts';
import { openSource, type RunSource } from './run-source.ts';
import { runSteps } from './run-steps.ts';
import { startingPoint, trainedModel } from './starting-point.ts';
import { vectorsFor } from './word-vectors.ts';

export type { RunHooks, RunResult } from './run-hooks.ts';

export interface RunOptions {
  /** Stops between two forward passes and saves. */
  signal?: AbortSignal;
  hooks?: RunHooks;
  /** JSON that a new run keeps in its folder, by file names. */
  files?: Readonly<Record<string, unknown>>;
}

export interface ResumeOptions extends Omit<RunOptions, 'files'> {
  /** Changes to the recipe, `path=value` each; see `refuseChanges` for what may change. */
  set?: readonly string[];
}

/**
 * Starts a run in a new folder.
 *
 * @throws UserError when there is something in the folder, or when the recipe, the corpus and the model do not fit; the
 *   folder is not made then
 */
export async function startRun(recipe: Recipe, folder: string, options: RunOptions = {}): Promise<RunResult> {
  requireDevice(recipe.train.device);
  refuseOccupied(folder);
  const source = await openSource(recipe);
  const vectors = await vectorsFor(recipe);
  refuseOccupied(folder); // another run of this process may have begun, whose random numbers are not to be disturbed
  const parts = partsOf(recipe, source, vectors);
  namingFile(folder, () => makeFolder(folder));
  using _lock = lockRun(folder);
  refuseOccupied(folder); // another process may have been faster
  return await begin(parts, folder, options);
}

/**
 * Goes on from a run's latest checkpoint, or from the beginning when there is none yet. The losses are those of a run
 * that was never interrupted. A finished run goes on when `train.steps` is larger by now.
 *
 * @throws UserError when another process writes in the folder, and when the recipe differs in what cannot change
 */
export async function resumeRun(folder: string, { set = [], ...options }: ResumeOptions = {}): Promise<RunResult> {
  const recipePath = join(folder, 'recipe.yaml');
  if (!existsSync(recipePath)) {
    throw usageError('TSLM_NO_RUN', `${folder}: no run here (there is no recipe.yaml)`, 'give the folder of a run');
  }
  using _lock = lockRun(folder);
  removeLeftovers(folder);
  const recipe = readRecipe(recipePath, set);
  requireDevice(recipe.train.device);
  const lineagePath = join(folder, 'run.json');
  const lineage = existsSync(lineagePath) ? readLineage(lineagePath) : undefined;
  // Paths in a recipe are relative to where the run was started; the lineage has the whole path.
  const before = lineage?.data.corpus;
  const source = await openSource(recipe, before === undefined ? undefined : String(before));
  if (lineage) requireSameData(lineage, source);
  if (lineage) requireSameModules(lineage.rewards, recipe);
  const checkpoint = latestCheckpoint(folder);
  if (checkpoint === undefined || lineage === undefined) {
    const vectors = await vectorsFor(recipe);
    options.hooks?.onRestart?.();
    return await begin(partsOf(recipe, source, vectors), folder, options);
  }
  const changes = changesOf(lineage.recipe, recipe, recipePath);
  refuseChanges(changes, folder);
  // An adapter's checkpoint holds the adapter alone.
  const start = recipe.adapter ? startingPoint(recipe, source) : trainedModel(checkpoint, recipe);
  const assembled = assemble(recipe, source, start);
  const initial = (): Model => startingPoint(recipe, source).model;
  const parts = await withReference(assembled, { folder, initial, ...referenceHooks(options) });
  if (parts === undefined) throw usageError('TSLM_STOPPED', `${folder}: stopped before it went on`);
  parts.trainable.load(checkpoint);
  const progress = restoreCheckpoint(checkpoint, parts, recipe.train.device);
  parts.objective.restore?.(progress.objective);
  if (recipe.train.epochs === undefined && progress.step > recipe.train.steps) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `${folder}: 'train.steps' is ${recipe.train.steps}, and the run has done ${progress.step} already`,
      'give as many or more',
    );
  }
  const told = changes.length === 0 ? lineage : changedLineage(lineage, parts, { step: progress.step, changes });
  if (changes.length > 0) record(folder, recipe, told);
  return await runSteps({ ...parts, folder, lineage: told, progress }, options);
}

function partsOf(recipe: Recipe, source: RunSource, vectors: WordVectors | undefined): RunParts {
  manualSeed(recipe.seed);
  return assemble(recipe, source, startingPoint(recipe, source, vectors));
}

/** Everything that can be wrong was found before anything is written. */
async function begin(parts: RunParts, folder: string, options: RunOptions): Promise<RunResult> {
  for (const note of [...parts.source.notes, ...parts.notes]) options.hooks?.onNote?.(note);
  const lineage = lineageOf(parts);
  for (const [name, content] of Object.entries(options.files ?? {})) writeJson(join(folder, name), content);
  record(folder, parts.recipe, lineage);
  const known = await withReference(parts, { folder, ...referenceHooks(options) });
  if (known !== undefined) return await runSteps({ ...known, folder, lineage, progress: noProgress() }, options);
  const parameters = parts.model.parameterCount();
  parts.trainable.dispose();
  return { folder, step: 0, finished: false, parameters, best: null, tokens: 0, seconds: 0 };
}

const referenceHooks = ({ signal, hooks }: RunOptions) => ({ signal, onNote: hooks?.onNote });

function record(folder: string, recipe: Recipe, lineage: Lineage): void {
  writeFileAtomically(join(folder, 'recipe.yaml'), stringify(resolvedRecipe(recipe)));
  writeJson(join(folder, 'run.json'), lineage);
}

/** What run.json says after a change: the recipe as it is now, and what it was until which step. */
function changedLineage(
  lineage: Lineage,
  parts: RunParts,
  { step, changes }: { step: number; changes: ReturnType<typeof changesOf> },
): Lineage {
  const { recipe, environment } = lineageOf(parts);
  const change = {
    step,
    changes: Object.fromEntries(changes.map(({ path, before, after }) => [path, { before, after }])),
  };
  return { ...lineage, recipe, environment, changes: [...(lineage.changes ?? []), change] };
}
