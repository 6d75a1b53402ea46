/** A new adapter from the champion's, which has learnt from judgements and keeps to what the model knew. */
import { join, resolve } from 'node:path';
import { hasAdapter } from '../../models/adapters/folder.ts';
import { type Adapter, createAdapter, loadAdapter } from '../../models/adapters/index.ts';
import { adapterOptions, peftConfig } from '../../models/adapters/options.ts';
import type { Model } from '../../models/model.ts';
import { parseRecipe } from '../../runs/recipe.ts';
import { loadForTraining } from '../../runs/starting-point.ts';
import { UserError, usageError } from '../../support/errors.ts';
import { writeJson } from '../../support/files.ts';
import { createRandom } from '../../support/random.ts';
import { version } from '../../support/version.ts';
import { adapterOnly } from '../../train/adapter-trainable.ts';
import type { StepMetrics } from '../../train/loop.ts';
import { datasetOf, trainModel } from '../../train/train.ts';
import type { Trainable } from '../../train/trainable.ts';
import { lossOf } from '../gate/score.ts';
import type { Lesson } from '../lessons/lessons.ts';
import type { LearningSettings } from '../settings.ts';
import { type Anchors, anchorsOf, disposeAnchors, withAnchors } from './ewc.ts';
import { lessonExamples } from './examples.ts';
import { type Influence, influences } from './gradients.ts';
import { disposeSnapshot, type Interpolation, interpolate, type Snapshot, snapshotOf } from './interpolate.ts';
import { mixed, type Part, type Tagged } from './mixed.ts';
import type { Replay } from './replay.ts';
import type { Workbench } from './workbench.ts';

export interface UpdateOptions {
  championFolder: string;
  lessons: readonly Lesson[];
  /** What each of them counts. */
  weights: readonly number[];
  settings: LearningSettings;
  signal?: AbortSignal;
  onStep?: (metrics: StepMetrics, steps: number) => void;
}

export interface Update {
  /** Lessons that were learnt from. */
  used: Lesson[];
  steps: number;
  /** Of the last step: the loss and its terms. */
  terms: Record<string, number>;
  influences: Influence[];
  /** How much of what was learnt is kept, where it is known what the model is not to forget. */
  interpolation?: Interpolation;
  /** People whose lessons were left out. */
  leftOut: string[];
  /** Longer than the model reads, or of a kind that it does not learn from. */
  unfit: number;
}

/**
 * Writes the adapter into `out`, which is there and empty.
 *
 * @returns undefined when the signal stopped it
 * @throws UserError when nothing is left to learn from
 */
export async function updateAdapter(
  bench: Workbench,
  out: string,
  { championFolder, lessons, weights, settings, signal, onStep }: UpdateOptions,
): Promise<Update | undefined> {
  const { base, champion, context, replay } = bench;
  const { update } = settings;
  const made = lessonExamples(lessons, champion, context, { beta: update.beta });
  const adapter = startingAdapter(base, championFolder, settings);
  const trainable = adapterOnly(adapter);
  let anchors: Anchors | undefined;
  let start: Snapshot | undefined;
  try {
    const own = mixed(made.parts);
    const byUser = groupByUser(lessons, made.examples);
    const found = update.defend ? influences(trainable, own, byUser, { seed: update.seed }) : [];
    const leftOut = new Set(found.filter(({ pullsAway }) => pullsAway).map(({ user }) => user));
    const kept = lessons.flatMap((lesson, i) => {
      const example = made.examples[i];
      return example && !leftOut.has(lesson.user) ? [{ lesson, example, weight: weights[i] }] : [];
    });
    if (kept.length === 0) {
      throw new UserError('TSLM_NOTHING_TO_LEARN', `nothing to learn from is left of ${lessons.length} judgements`, {
        hint: 'a writing model learns from corrections, choices, thumbs and ratings, a classifier from labels',
      });
    }
    const examples = drawn(kept, update.seed).map(({ example }) => example);
    const parts: Record<string, Part> = { ...made.parts };
    if (replay && update.replay > 0) {
      parts.replay = { objective: replay.objective(champion, update.kl), weight: 1 };
      const random = createRandom(update.seed + 1);
      const count = Math.max(1, Math.round((examples.length * update.replay) / (1 - update.replay)));
      for (let i = 0; i < count; i++) examples.push({ part: 'replay', example: replay.draw(random) });
    }
    anchors = anchorsFor(bench, trainable, settings);
    start = replay && update.interpolate ? snapshotOf(trainable) : undefined;
    const objective = mixed(parts);
    const steps = Math.max(1, Math.ceil((examples.length * update.epochs) / update.batchSize));
    const last = await trainModel({
      model: trainable.model,
      trainable,
      objective: anchors ? withAnchors(objective, trainable, anchors, update.ewc) : objective,
      data: datasetOf(examples),
      steps,
      batchSize: Math.min(update.batchSize, examples.length),
      lr: update.lr ?? usualRate(champion),
      seed: update.seed,
      signal,
      hooks: { onStep: metrics => onStep?.(metrics, steps) },
    });
    if (signal?.aborted) return undefined;
    const interpolation = start && keptShare(replay!, trainable, start, settings);
    trainable.save(out);
    const used = kept.map(({ lesson }) => lesson);
    writeJson(join(out, 'run.json'), {
      tslm: version,
      created: new Date().toISOString(),
      parents: [resolve(base)],
      champion: championFolder,
      lessons: countKinds(used),
      replay: replay?.from,
      interpolation,
      settings: update,
    });
    return {
      used,
      steps,
      terms: { loss: last!.loss, ...last!.terms },
      influences: found,
      ...(interpolation && { interpolation }),
      leftOut: [...leftOut],
      unfit: made.unfit,
    };
  } finally {
    if (anchors) disposeAnchors(anchors);
    if (start) disposeSnapshot(start);
    trainable.dispose();
  }
}

/** Examples of the text from before that the Fisher information is taken over. */
const ANCHOR_EXAMPLES = 64;
/** And that say how much of an update can be kept. */
const MEASURED_EXAMPLES = 32;

/** @throws UserError where it is not known what the model is not to forget */
function anchorsFor({ replay }: Workbench, trainable: Trainable, { update }: LearningSettings): Anchors | undefined {
  if (update.ewc === 0) return undefined;
  if (!replay) {
    throw usageError(
      'TSLM_NO_REPLAY',
      'update.ewc asks which weights matter for text from before, and there is none with --no-replay',
      'give rows with --replay FILE, or set update.ewc to 0',
    );
  }
  const random = createRandom(update.seed + 2);
  const examples = Array.from({ length: ANCHOR_EXAMPLES }, () => replay.draw(random));
  return anchorsOf(trainable, replay.measured, examples, { seed: update.seed });
}

/** How much is, by examples of the text from before, always the same ones; those that the gate measures are others. */
function keptShare(
  replay: Replay,
  trainable: Trainable,
  start: Snapshot,
  { update, gate }: LearningSettings,
): Interpolation {
  const random = createRandom(update.seed + 3);
  const examples = Array.from({ length: Math.min(MEASURED_EXAMPLES, gate.windows) }, () => replay.draw(random));
  const losses = (): number[] => examples.map(example => lossOf(trainable.model, replay.measured, [example]));
  // Without the adapter it is the model itself.
  return interpolate(trainable, start, () => trainable.run(losses), gate.lossMargin, losses());
}

/** What adapters bear: ten times the rate of a whole model, which goes with one over its width. */
const usualRate = ({ backbone: { hidden } }: Model): number => Math.min(5e-3, 5e-4 * Math.max(1, 768 / hidden));

/** The champion's adapter to go on with, or a new one that changes nothing yet. */
function startingAdapter(base: string, championFolder: string, { update }: LearningSettings): Adapter {
  const recipe = parseRecipe(
    {
      name: 'update',
      data: { train: ['-'] },
      objective: { name: 'instruction' },
      model: { from: base },
      train: { steps: 1 },
    },
    'update',
  );
  const model = loadForTraining(base, { ...recipe, seed: update.seed });
  if (hasAdapter(championFolder)) return loadAdapter(model, championFolder);
  const options = adapterOptions.parse({ method: 'lora', r: update.rank, alpha: update.rank, rslora: false });
  return createAdapter(model, peftConfig(options, resolve(base)), { seed: update.seed });
}

function groupByUser(lessons: readonly Lesson[], examples: readonly (Tagged | undefined)[]): Map<string, Tagged[]> {
  const byUser = new Map<string, Tagged[]>();
  for (const [i, example] of examples.entries()) {
    if (example) byUser.set(lessons[i].user, [...(byUser.get(lessons[i].user) ?? []), example]);
  }
  return byUser;
}

/** As many as there are, each as often as its weight asks for: of equal weights each once (systematic resampling). */
function drawn<T extends { weight: number }>(items: readonly T[], seed: number): T[] {
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  const step = total / items.length;
  const chosen: T[] = [];
  let passed = 0;
  let next = createRandom(seed).next() * step;
  for (const item of items) {
    passed += item.weight;
    for (; next < passed - 1e-12 && chosen.length < items.length; next += step) chosen.push(item);
  }
  return chosen;
}

export function countKinds(lessons: readonly Lesson[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of lessons) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
