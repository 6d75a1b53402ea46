/** Recipes: everything that decides a training run, in one YAML file. `recipes/` explains every key. */
import { readFileSync } from 'node:fs';
import { explainFileError, usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { parseYaml } from '../support/yaml.ts';
import { createSchedule } from '../train/schedules.ts';
import {
  checkRecipe,
  ENDLESS,
  refuseLongWarmup,
  refuseSizesOfLoadedModel,
  refuseWarmupTwice,
} from './recipe-checks.ts';
import { type ParsedRecipe, type Recipe, recipeSchema } from './recipe-schema.ts';

/** Steps that a schedule counts while the time of a budget passes; and of epochs as long as nobody knows how many rows there are. */
const STEPS_OF_BUDGET = 10_000;

/** The context of a new model, where a recipe does not say. */
export const NEW_CONTEXT = 256;

/** A recipe as a run keeps it. A model that was loaded has sizes of its own: defaults beside it would contradict it. */
export const resolvedRecipe = (recipe: Recipe): Record<string, unknown> => {
  const { from, context, architecture, labels, problemType } = recipe.model;
  const { steps, ...train } = recipe.train;
  const timed = train.epochs === undefined ? recipe : { ...recipe, train };
  if (from === undefined) return timed;
  const said = Object.entries({ from, context, architecture, labels, problemType }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...timed, model: Object.fromEntries(said) };
};

/**
 * Reads a recipe and applies overrides.
 *
 * @param overrides `path=value` each, the value as YAML: `train.steps=100`
 * @throws UserError that names the file, the key and its nearest known neighbour
 */
export function readRecipe(path: string, overrides: readonly string[] = []): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw explainFileError(error, path);
  }
  return parseRecipe(parseYaml(text, path, 'a recipe is a YAML file') ?? {}, path, overrides);
}

/**
 * Checks a recipe and fills in its defaults.
 *
 * @throws UserError that names an unknown key with its nearest neighbour
 */
export function parseRecipe(value: unknown, where: string, overrides: readonly string[] = []): Recipe {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw usageError('TSLM_BAD_RECIPE', `${where}: not a recipe`, 'a recipe maps sections (model, train, …) to keys');
  }
  const merged = structuredClone(value) as Record<string, unknown>;
  // A model to go on from takes the place of the one that the recipe describes.
  if (overrides.some(override => override.startsWith('model.from='))) delete merged.model;
  for (const override of overrides) applyOverride(merged, override);
  refuseSizesOfLoadedModel(merged.model, where);
  const parsed = parseOptions(recipeSchema, merged, where);
  checkRecipe(parsed, where);
  const recipe = withDefaults(parsed);
  refuseWarmupTwice(recipe, where);
  // Says now what is wrong with the schedule; with epochs as soon as the rows are counted.
  return recipe.train.epochs === undefined ? withSteps(recipe, recipe.train.steps, where) : recipe;
}

/**
 * The recipe with the number of steps that its epochs come to.
 *
 * @throws UserError when the schedule does not fit them
 */
export function withSteps(recipe: Recipe, steps: number, where: string = recipe.name): Recipe {
  const counted = { ...recipe, train: { ...recipe.train, steps } };
  scheduleOf(counted);
  refuseLongWarmup(counted, where);
  return counted;
}

/** The defaults that depend on other keys. */
function withDefaults(recipe: ParsedRecipe): Recipe {
  const { model, train } = recipe;
  const steps = train.steps ?? STEPS_OF_BUDGET;
  const numWarmupSteps = Math.min(train.budget === undefined ? 100 : steps, Math.floor(steps / 10));
  return {
    ...recipe,
    train: { ...train, steps },
    model: model.from === undefined ? { ...model, context: model.context ?? NEW_CONTEXT } : model,
    schedule: recipe.schedule ?? {
      name: 'cosine_with_min_lr',
      ...(train.epochs === undefined ? { numWarmupSteps } : { warmupRatio: 0.1 }),
      minLrRate: 0.1,
    },
  };
}

function applyOverride(target: Record<string, unknown>, override: string): void {
  const equals = override.indexOf('=');
  if (equals < 1) {
    throw usageError('TSLM_BAD_OVERRIDE', `--set ${override}: no value given`, 'for example --set train.steps=100');
  }
  const path = override.slice(0, equals).split('.');
  let section = target;
  for (const key of path.slice(0, -1)) {
    const inner = section[key] ?? {};
    if (typeof inner !== 'object' || inner === null) {
      throw usageError('TSLM_BAD_OVERRIDE', `--set ${override}: '${key}' is no section`);
    }
    section[key] = inner;
    section = inner as Record<string, unknown>;
  }
  section[path.at(-1)!] = parseYaml(override.slice(equals + 1), `--set ${override}`, 'a recipe is a YAML file') ?? {};
}

/** The learning rate of each step that a recipe asks for. */
export function scheduleOf({
  schedule: { warmupRatio, ...schedule },
  optimizer,
  train,
}: Recipe): (step: number) => number {
  const needsSteps = !ENDLESS.includes(schedule.name);
  const steps = needsSteps && !('numStableSteps' in schedule) ? { numTrainingSteps: train.steps } : {};
  // As Transformers rounds it.
  const warmup = warmupRatio === undefined ? {} : { numWarmupSteps: Math.ceil(train.steps * (warmupRatio as number)) };
  return createSchedule({ lr: optimizer.lr, ...steps, ...warmup, ...schedule } as Parameters<typeof createSchedule>[0]);
}
