/** Recipes: everything that decides a training run, in one YAML file. `recipes/` explains every key. */
import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { isShapedKind } from '../data/rows/shapes.ts';
import { packingObjectives, rowKindOf } from '../objectives/index.ts';
import { explainFileError, usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { createSchedule } from '../train/schedules.ts';
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
  requireModelOfAdapter(parsed, where);
  requireEnd(parsed, where);
  requireData(parsed, where);
  requireLabels(parsed, where);
  refusePseudoPerplexity(parsed, where);
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
    const ofRows = (['validation', 'columns', 'skipBad', 'tokenizer', 'chatTemplate', 'augment'] as const).filter(
      key => data[key] !== undefined,
    );
    const unread = isCorpus ? ofRows.map(key => `data.${key}`) : data.packing === undefined ? [] : ['data.packing'];
    if (!isCorpus && evaluation.split !== 'validation') unread.push('evaluation.split');
    if (isCorpus && data.packing === 'documents' && !packingObjectives.includes(objective.name))
      unread.push('data.packing');
    if (unread.length === 0) {
      refuseTemplate(data, objective, where);
      return;
    }
    const what =
      isCorpus && ofRows.length > 0
        ? 'rows in files'
        : isCorpus
          ? `the objectives ${packingObjectives.map(name => `'${name}'`).join(', ')}`
          : 'a corpus';
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

/** What labels are to each other is said of labels. */
function requireLabels({ model: { labels, problemType } }: ParsedRecipe, where: string): void {
  if (problemType === undefined || labels !== undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'model.problemType' is of labels, and 'model.labels' are not given`,
    "for example model.labels: [bad, good]; of a regression the one number's name",
  );
}

/** An adapter changes a model that there is. */
function requireModelOfAdapter({ adapter, model }: ParsedRecipe, where: string): void {
  if (adapter === undefined || model.from !== undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'adapter' is for a model that there is, and this recipe makes a new one`,
    "name it in 'model.from', or leave 'adapter' out",
  );
}

/** Only rows of conversations are rendered by a template. */
function refuseTemplate(
  { chatTemplate }: ParsedRecipe['data'],
  objective: ParsedRecipe['objective'],
  where: string,
): void {
  if (chatTemplate === undefined || isShapedKind(rowKindOf(objective))) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'data.chatTemplate' is for conversations, and the objective '${objective.name}' learns from none`,
    'leave it out',
  );
}

/** Objectives of models that find hidden tokens. */
const HIDING = ['masked', 'masked-next-token', 'next-sentence', 'sentence-order'];

function refusePseudoPerplexity({ evaluation, objective }: ParsedRecipe, where: string): void {
  if (evaluation.pseudoPerplexity === 0 || HIDING.includes(objective.name)) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'evaluation.pseudoPerplexity' is for models that find hidden tokens, and the objective is '${objective.name}'`,
    `leave it out, or take one of ${HIDING.join(', ')}`,
  );
}

/** A run ends after a number of steps, or after a time. */
function requireEnd({ train }: ParsedRecipe, where: string): void {
  const { steps, epochs, budget } = train;
  if (epochs !== undefined && (steps ?? budget) !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: 'train.epochs' and 'train.${steps === undefined ? 'budget' : 'steps'}' are both given`,
      'leave one of them out',
    );
  }
  if ((steps ?? epochs ?? budget) !== undefined) return;
  throw usageError(
    'TSLM_BAD_VALUE',
    `${where}: none of 'train.steps', 'train.epochs' and 'train.budget' is given`,
    'say how long to train: train.steps=1000, train.epochs=3 or train.budget=30m',
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
    schedule: recipe.schedule ?? {
      name: 'cosine_with_min_lr',
      ...(train.epochs === undefined ? { numWarmupSteps } : { warmupRatio: 0.1 }),
      minLrRate: 0.1,
    },
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

function refuseWarmupTwice({ schedule: { numWarmupSteps, warmupRatio } }: Recipe, where: string): void {
  if (warmupRatio === undefined) return;
  if (typeof warmupRatio !== 'number' || !(warmupRatio >= 0 && warmupRatio <= 1)) {
    throw usageError('TSLM_BAD_VALUE', `${where}: 'schedule.warmupRatio' is not between 0 and 1`, 'for example 0.1');
  }
  if (numWarmupSteps === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'schedule.warmupRatio' and 'schedule.numWarmupSteps' are both given`,
    'leave one of them out',
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
  const other = Object.keys(model).find(
    key => !['from', 'context', 'architecture', 'labels', 'problemType'].includes(key),
  );
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
