/** What of its recipe a run may change while it lasts, and what would make it another run. */
import { isDeepStrictEqual } from 'node:util';
import { usageError } from '../support/errors.ts';
import { parseRecipe, resolvedRecipe } from './recipe.ts';
import type { Recipe } from './recipe-schema.ts';

export interface RecipeChange {
  /** `train.steps` */
  path: string;
  before: unknown;
  after: unknown;
}

/** Sections and keys that a run keeps: the model, its random numbers, its optimizer's state, what `best` is measured on. */
const FIXED = [
  'name',
  'seed',
  'objective',
  'model',
  'adapter',
  'data.packing',
  'data.train',
  'data.validation',
  'data.columns',
  'data.chatTemplate',
  'data.tokenizer',
  'data.skipBad',
  'data.augment',
  'train.batchTokens',
  'optimizer.name',
  'train.freeze',
  'evaluation.split',
  'evaluation.windows',
  'evaluation.best',
  'evaluation.pseudoPerplexity',
];

/**
 * The keys that differ between the recipe that run.json has and the one to go on with.
 *
 * @param where the recipe's file, for errors
 */
export function changesOf(before: Record<string, unknown>, now: Recipe, where: string): RecipeChange[] {
  // Keys that are newer than the run have their defaults.
  const old = leavesOf(resolvedRecipe(parseRecipe(before, where)));
  const current = leavesOf(resolvedRecipe(now));
  const paths = [...new Set([...old.keys(), ...current.keys()])];
  return paths
    .map(path => ({ path, before: old.get(path) ?? null, after: current.get(path) ?? null }))
    .filter(({ before, after }) => !isDeepStrictEqual(before, after));
}

/** Whether a run keeps a key for as long as it lasts. */
export const isFixed = (path: string): boolean => FIXED.some(fixed => path === fixed || path.startsWith(`${fixed}.`));

/** @throws UserError that names every change that would make it another run */
export function refuseChanges(changes: readonly RecipeChange[], folder: string): void {
  const refused = changes.filter(({ path }) => isFixed(path));
  if (refused.length === 0) return;
  const list = refused.map(
    ({ path, before, after }) => `'${path}' (was ${JSON.stringify(before)}, is ${JSON.stringify(after)})`,
  );
  throw usageError(
    'TSLM_RECIPE_CHANGED',
    `${folder}: a run cannot change ${list.join(', ')}`,
    `put back what it began with (${FIXED.join(', ')} stay), or start a new run; model.from takes over the weights`,
  );
}

function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return new Map(entries.flatMap(([key, inner]) => [...leavesOf(inner, path === '' ? key : `${path}.${key}`)]));
}
