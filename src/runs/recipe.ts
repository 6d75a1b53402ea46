/** Recipes: everything that decides a training run, in one YAML file. `recipes/` explains every key. */
import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { explainFileError, usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { createSchedule } from '../train/schedules.ts';
import { type ParsedRecipe, type Recipe, recipeSchema } from './recipe-schema.ts';

/** Steps that a schedule counts while the time of a budget passes. */
const STEPS_OF_BUDGET = 10_000;

/** The context of a new model, where a recipe does not say. */
export const NEW_CONTEXT = 256;

/** A recipe as a run keeps it. A model that was loaded has sizes of its own: defaults beside it would contradict it. */
export const resolvedRecipe = (recipe: Recipe): Record<string, unknown> => {
  const { from, context, architecture, labels } = recipe.model;
  if (from === undefined) return recipe;
  const said = Object.entries({ from, context, architecture, labels }).filter(([, value]) => value !== undefined);
  return { ...recipe, model: Object.fromEntries(said) };
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
  return parseRecipe(parseYaml(text, path), path, overrides);
}

function parseYaml(text: string, where: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw usageError('TSLM_BAD_YAML', `${where}: ${error.message.split('\n')[0]}`, 'a recipe is a YAML file');
  }
}

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
  requireEnd(parsed, where);
  requireData(parsed, where);
  const recipe = withDefaults(parsed);
  scheduleOf(recipe); // says now what is wrong with the schedule
  refuseLongWarmup(recipe, where);
  return recipe;
}

/** A run learns from a corpus, or from rows in files. */
function requireData({ data, objective, evaluation, train }: ParsedRecipe, where: string): void {
  if (data.augment && train.batchTokens !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: with 'data.augment' texts have other lengths in each epoch, and 'train.batchTokens' needs them beforehand`,
      "batches of a number of rows do: 'train.batchSize'",
    );
  }
  const isCorpus = data.corpus !== undefined;
  if (isCorpus !== (data.train !== undefined)) {
    const ofRows = (['validation', 'columns', 'skipBad', 'tokenizer', 'augment'] as const).filter(
      key => data[key] !== undefined,
    );
    const unread = isCorpus ? ofRows.map(key => `data.${key}`) : data.packing === undefined ? [] : ['data.packing'];
    if (!isCorpus && evaluation.split !== 'validation') unread.push('evaluation.split');
    if (isCorpus && data.packing === 'documents' && objective.name !== 'causal') unread.push('data.packing');
    if (unread.length === 0) return;
    const what = isCorpus && ofRows.length > 0 ? 'rows in files' : isCorpus ? "the objective 'causal'" : 'a corpus';
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: '${unread[0]}' is for ${what}, and this recipe has none`,
      'leave it out',
    );
  }
  throw usageError(
    data.corpus === undefined ? 'TSLM_BAD_VALUE' : 'TSLM_CONTRADICTION',
    `${where}: ${data.corpus === undefined ? "neither 'data.corpus' nor 'data.train' is" : "'data.corpus' and 'data.train' are both"} given`,
    'a corpus that `tslm prepare` wrote, or files of rows',
  );
}

/** A run ends after a number of steps, or after a time. */
function requireEnd({ train }: ParsedRecipe, where: string): void {
  if (train.steps !== undefined || train.budget !== undefined) return;
  throw usageError(
    'TSLM_BAD_VALUE',
    `${where}: neither 'train.steps' nor 'train.budget' is given`,
    'say how long to train: train.steps=1000, or train.budget=30m',
  );
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
    schedule: recipe.schedule ?? { name: 'cosine_with_min_lr', numWarmupSteps, minLrRate: 0.1 },
  };
}

/** Schedules that do not ask how long the run is; their learning rate may rise throughout. */
const ENDLESS = ['constant', 'constant_with_warmup', 'inverse_sqrt'];

/** A schedule that goes down with the end of the run would never get to where it goes down. */
function refuseLongWarmup({ schedule: { name, numWarmupSteps }, train: { steps } }: Recipe, where: string): void {
  if (ENDLESS.includes(name) || typeof numWarmupSteps !== 'number' || numWarmupSteps <= steps) return;
  throw usageError(
    'TSLM_LONG_WARMUP',
    `${where}: 'schedule.numWarmupSteps' is ${numWarmupSteps}, and 'train.steps' ${steps}: the run would end within its warm-up`,
    `for example --set schedule.numWarmupSteps=${Math.floor(steps / 10)}`,
  );
}

/** A model that is loaded has its sizes already; others beside it would be read and ignored. */
function refuseSizesOfLoadedModel(model: unknown, where: string): void {
  if (typeof model !== 'object' || model === null || !('from' in model)) return;
  if ('labels' in model && !('architecture' in model)) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: 'model.labels' are those of a new head, and the model keeps its own`,
      "name the class whose head is put on: 'model.architecture'",
    );
  }
  const other = Object.keys(model).find(key => !['from', 'context', 'architecture', 'labels'].includes(key));
  if (other === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'model.from' and 'model.${other}' are both given`,
    'the folder that model.from names decides the model: leave the other out',
  );
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
  section[path.at(-1)!] = parseYaml(override.slice(equals + 1), `--set ${override}`);
}

/** The learning rate of each step that a recipe asks for. */
export function scheduleOf({ schedule, optimizer, train }: Recipe): (step: number) => number {
  const needsSteps = !ENDLESS.includes(schedule.name);
  const steps = needsSteps && !('numStableSteps' in schedule) ? { numTrainingSteps: train.steps } : {};
  return createSchedule({ lr: optimizer.lr, ...steps, ...schedule } as Parameters<typeof createSchedule>[0]);
}
