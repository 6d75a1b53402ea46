/** What comes of a sweep: the best trial's run and recipe, and its score on data that the search did not use. */
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { UserError, usageError } from '../../support/errors.ts';
import { temporaryBeside, writeFileAtomically } from '../../support/files.ts';
import { scope } from '../../torch/index.ts';
import { heldOut } from '../../train/evaluation.ts';
import { computeDtype } from '../../train/precision.ts';
import { readLineage } from '../lineage.ts';
import { parseRecipe, readRecipe, resolvedRecipe } from '../recipe.ts';
import type { Recipe } from '../recipe-schema.ts';
import { assemble } from '../run-parts.ts';
import { openSource } from '../run-source.ts';
import { startingPoint, trainedModel } from '../starting-point.ts';
import { trialFolder } from './run-sweep.ts';
import type { Sweep } from './sweep-schema.ts';

export interface FinalScore {
  /** The split, or the rows. */
  on: string;
  metric: string;
  value: number;
  loss: number;
}

/** Copies the trial's run to `best/` in the sweep's folder, and its recipe to `best.yaml`. */
export function adoptBest(folder: string, trial: number): { run: string; recipe: string } {
  const run = join(folder, 'best');
  const temporary = temporaryBeside(run);
  cpSync(trialFolder(folder, trial), temporary, { recursive: true, filter: path => !path.endsWith('.lock') });
  rmSync(run, { recursive: true, force: true });
  renameSync(temporary, run);
  const recipe = join(folder, 'best.yaml');
  writeFileAtomically(recipe, stringify(resolvedRecipe(readRecipe(join(run, 'recipe.yaml')))));
  return { run, recipe };
}

/**
 * The best of many scores is too good: part of what made it the best is chance. So the model is measured on other data.
 *
 * @returns undefined where there is no such data
 * @throws UserError when what is named was used in the search
 */
export async function finalScore({ final }: Pick<Sweep, 'final'>, run: string): Promise<FinalScore | undefined> {
  const recipe = readRecipe(join(run, 'recipe.yaml'));
  const other = otherData(recipe, final);
  if (other === undefined) return undefined;
  const { corpus } = readLineage(join(run, 'run.json')).data;
  const source = await openSource(other.recipe, corpus === undefined ? undefined : String(corpus));
  const model = join(run, 'model');
  if (!existsSync(model)) throw new UserError('TSLM_NO_MODEL', `${run}: the run has not reached its first evaluation`);
  // An adapter's folder holds the adapter alone.
  const start = recipe.adapter ? startingPoint(other.recipe, source) : trainedModel(model, other.recipe);
  const parts = assemble(other.recipe, source, start);
  try {
    parts.trainable.load(model);
    const { train, evaluation, seed } = other.recipe;
    const estimates = await heldOut({
      objective: parts.heldOutObjective,
      data: parts.heldOut,
      batchSize: train.batchSize,
      dtype: computeDtype(train),
      device: train.device,
      seed,
      metric: evaluation.best,
    }).run(parts.trainable);
    const { best: metric } = evaluation;
    return { on: other.on, metric, value: estimates![metric].value, loss: estimates!.loss.value };
  } finally {
    scope(() => parts.optimizer.dispose());
    parts.ema?.dispose();
    parts.trainable.dispose();
  }
}

/** The recipe with that data in the place of what the search was measured on, all of it. */
function otherData(recipe: Recipe, final: Sweep['final']): { recipe: Recipe; on: string } | undefined {
  const plain = resolvedRecipe(recipe) as {
    data: Record<string, unknown>;
    evaluation: Record<string, unknown>;
    model: object;
  };
  const reread = (changes: { data?: object; evaluation?: object }): Recipe =>
    parseRecipe(
      {
        ...plain,
        data: { ...plain.data, ...changes.data },
        evaluation: { ...plain.evaluation, windows: 0, pseudoPerplexity: 0, ...changes.evaluation },
      },
      'final',
    );
  if (recipe.data.corpus === undefined) {
    if (final?.split !== undefined) {
      throw usageError(
        'TSLM_CONTRADICTION',
        "'final.split' is one of a corpus, and the recipe learns from rows",
        'give final.data: rows/test.jsonl',
      );
    }
    if (final?.data === undefined) return undefined;
    const { validation } = recipe.data;
    if ([validation].flat().includes(final.data)) throw usedInSearch(final.data);
    return { recipe: reread({ data: { validation: [final.data] } }), on: final.data };
  }
  if (final?.data !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      "'final.data' are rows, and the recipe learns from a corpus",
      'give final.split: test',
    );
  }
  const split = final?.split ?? (recipe.evaluation.split === 'test' ? undefined : 'test');
  if (split === undefined) return undefined;
  if (split === recipe.evaluation.split || split === 'train') throw usedInSearch(split);
  return { recipe: reread({ evaluation: { split } }), on: split };
}

const usedInSearch = (what: string): UserError =>
  usageError(
    'TSLM_USED_IN_SEARCH',
    `'final': the search has used '${what}', on which the best of many is too good`,
    'measure it on data that no trial has seen',
  );
