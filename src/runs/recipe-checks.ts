/** What of a recipe contradicts something else in it: an error that names both, before anything is read. */
import { isShapedKind } from '../data/rows/shapes.ts';
import { packingObjectives, rowKindOf } from '../objectives/index.ts';
import { usageError } from '../support/errors.ts';
import type { ParsedRecipe, Recipe } from './recipe-schema.ts';

/** @throws UserError for the first contradiction */
export function checkRecipe(recipe: ParsedRecipe, where: string): void {
  requireModelOfAdapter(recipe, where);
  requireEnd(recipe, where);
  requireData(recipe, where);
  requireLabels(recipe, where);
  refusePseudoPerplexity(recipe, where);
  refuseRepeatedTokens(recipe, where);
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
  if (adapter === undefined) return;
  if (model.from !== undefined && model.config === undefined) return;
  if (model.from !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: 'adapter' leaves the model below as it is, and 'model.config' changes its config.json`,
      'leave one of them out',
    );
  }
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

/** Updates on the same answers are counted in batches of this many prompts. */
function refuseRepeatedTokens({ objective, train }: ParsedRecipe, where: string): void {
  if (!('numIterations' in objective) || objective.numIterations === 1 || train.batchTokens === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'objective.numIterations' and 'train.batchTokens' are both given`,
    "batches of a number of prompts do: 'train.batchSize'",
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

/** Schedules that do not ask how long the run is; their learning rate may rise throughout. */
export const ENDLESS = ['constant', 'constant_with_warmup', 'inverse_sqrt'];

/** A schedule that goes down with the end of the run would never get to where it goes down. */
export function refuseLongWarmup(
  { schedule: { name, numWarmupSteps }, train: { steps } }: Recipe,
  where: string,
): void {
  if (ENDLESS.includes(name) || typeof numWarmupSteps !== 'number' || numWarmupSteps <= steps) return;
  throw usageError(
    'TSLM_LONG_WARMUP',
    `${where}: 'schedule.numWarmupSteps' is ${numWarmupSteps}, and 'train.steps' ${steps}: the run would end within its warm-up`,
    `for example --set schedule.numWarmupSteps=${Math.floor(steps / 10)}`,
  );
}

export function refuseWarmupTwice({ schedule: { numWarmupSteps, warmupRatio } }: Recipe, where: string): void {
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
export function refuseSizesOfLoadedModel(model: unknown, where: string): void {
  if (typeof model !== 'object' || model === null || !('from' in model)) return;
  if ('labels' in model && !('architecture' in model)) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${where}: 'model.labels' are those of a new head, and the model keeps its own`,
      "name the class whose head is put on: 'model.architecture'",
    );
  }
  const other = Object.keys(model).find(
    key => !['from', 'context', 'architecture', 'labels', 'problemType', 'config'].includes(key),
  );
  if (other === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `${where}: 'model.from' and 'model.${other}' are both given`,
    'the folder that model.from names decides the model: leave the other out',
  );
}
