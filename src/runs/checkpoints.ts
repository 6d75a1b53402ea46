/**
 * Checkpoints of a run. Each is a model folder that every other command reads, with what a resumed run needs besides:
 * the optimizer's state, the random generator's, and how far the run was. A folder appears whole or not at all.
 */
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ImageProcessor, writeImageProcessor } from '../models/image-processor/config.ts';
import { explainFileError } from '../support/errors.ts';
import { makeFolder, readJson, renameDurably, syncFolder, temporaryBeside, writeJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type Device, loadSafetensors, saveSafetensors, scope, setRngState, type Tensor } from '../torch/index.ts';
import type { Ema } from '../train/ema.ts';
import type { Optimizer } from '../train/optimizers/optimizer.ts';
import { savedTensor } from '../train/saved-tensor.ts';
import { noSpikes } from '../train/spikes.ts';
import type { Trainable } from '../train/trainable.ts';

const progressSchema = z.strictObject({
  /** Optimizer updates done. */
  step: z.int().min(0),
  /** Training examples drawn. */
  drawn: z.int().min(0),
  /** Seconds of training, over all sittings. */
  seconds: z.number().min(0),
  /** Training tokens seen. */
  tokens: z.int().min(0),
  /** The best model so far: its step, its loss, and where another metric decides the value of that. */
  best: z
    .strictObject({ step: z.int(), loss: z.number(), metric: z.string().optional(), value: z.number().optional() })
    .nullable(),
  /** Evaluations since then. */
  sinceBest: z.int().min(0).default(0),
  /** Updates that were left out as spikes, and what is usual. */
  skipped: z.int().min(0).default(0),
  spikes: z.strictObject({ sum: z.number(), weight: z.number(), updates: z.int() }).default(noSpikes),
  /** Sums over the steps since the last line of metrics.jsonl, so that the next line is the mean over all its steps. */
  sinceLine: z.strictObject({
    steps: z.int(),
    loss: z.number(),
    tokens: z.int(),
    seconds: z.number(),
    wait: z.number().default(0),
    /** Metrics that the objective wants in the log. */
    terms: z.record(z.string(), z.number()).default({}),
  }),
  /** What the objective remembers of the training. */
  objective: z.record(z.string(), z.number()).default({}),
  /** What is known of the answers that the model has written. */
  rollouts: z.unknown().optional(),
  /**
   * The weights are those after the step, but what follows a step (its line of metrics, evaluation, samples) was cut off
   * and is still to be done; null otherwise.
   */
  pending: z.strictObject({ lr: z.number(), gradNorm: z.number() }).nullable().default(null),
});

/** Where a run is: its step, its best evaluation, and what a checkpoint must remember. */
export type TrainProgress = z.output<typeof progressSchema>;
/** The best evaluation of a run so far. */
export type Best = NonNullable<TrainProgress['best']>;

export const noSteps: TrainProgress['sinceLine'] = { steps: 0, loss: 0, tokens: 0, seconds: 0, wait: 0, terms: {} };

/** The progress of a run that has not begun. */
export const noProgress = (): TrainProgress => ({
  step: 0,
  drawn: 0,
  seconds: 0,
  tokens: 0,
  best: null,
  sinceBest: 0,
  skipped: 0,
  spikes: noSpikes(),
  sinceLine: { ...noSteps },
  objective: {},
  pending: null,
});

const folderOf = (run: string, step: number): string =>
  join(run, 'checkpoints', `step-${String(step).padStart(7, '0')}`);

/** Steps of the complete checkpoints of a run, oldest first. */
export function checkpointSteps(run: string): number[] {
  const folder = join(run, 'checkpoints');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map(name => name.match(/^step-(\d+)$/)?.[1]);
  return names
    .filter(name => name !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

export interface CheckpointParts {
  trainable: Trainable;
  /** Of a model that reads or writes text. */
  tokenizer?: Tokenizer;
  /** Of a model that reads images. */
  imageProcessor?: ImageProcessor;
  /** What generation_config.json says. */
  generation: Record<string, unknown>;
  optimizer: Optimizer;
  ema?: Pick<Ema, 'state'>;
  progress: TrainProgress;
  /** The device's random generator as the last whole step left it. */
  rng: Tensor;
  /** Written beside the weights as run.json. */
  lineage: Record<string, unknown>;
}

/**
 * Writes a model folder beside its place and puts it there complete. Where one is already it is never missing, not even
 * for a moment: each new file takes the place of the old one. Throws a `UserError` when the disk refuses.
 */
export function saveModelFolder(
  folder: string,
  {
    trainable,
    tokenizer,
    imageProcessor,
    generation,
    lineage,
  }: Pick<CheckpointParts, 'trainable' | 'tokenizer' | 'imageProcessor' | 'generation' | 'lineage'>,
  more: (temporary: string) => void = () => {},
): void {
  const temporary = temporaryBeside(folder);
  try {
    makeFolder(temporary);
    trainable.save(temporary);
    tokenizer?.save(temporary);
    if (imageProcessor) writeImageProcessor(temporary, imageProcessor);
    if (tokenizer) writeJson(join(temporary, 'generation_config.json'), generation);
    writeJson(join(temporary, 'run.json'), lineage);
    more(temporary);
    if (existsSync(folder)) {
      replaceFiles(temporary, folder);
      syncFolder(folder);
    } else {
      renameDurably(temporary, folder);
    }
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw explainFileError(error, folder);
  }
}

/** Each file of a folder takes the place of the other folder's, folders inside included; nothing is left of it. */
function replaceFiles(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && existsSync(target)) replaceFiles(source, target);
    else renameSync(source, target);
  }
  rmdirSync(from);
}

export function saveCheckpoint(run: string, parts: CheckpointParts): void {
  saveModelFolder(folderOf(run, parts.progress.step), parts, folder => {
    scope(() => {
      const state = new Map([...parts.optimizer.state(), ['rng', parts.rng] as const]);
      saveSafetensors(join(folder, 'optimizer.safetensors'), state);
      if (parts.ema) saveSafetensors(join(folder, 'ema.safetensors'), parts.ema.state());
    });
    writeJson(join(folder, 'progress.json'), parts.progress);
  });
}

/** Removes old checkpoints: the latest `keep` stay, and the one of step `best`. */
export function pruneCheckpoints(run: string, { keep, best }: { keep: number; best: number | undefined }): void {
  for (const step of checkpointSteps(run).slice(0, -keep)) {
    if (step !== best) rmSync(folderOf(run, step), { recursive: true, force: true });
  }
}

/** The folder of a run's latest checkpoint, a model folder; undefined when the run ended before its first one. */
export function latestCheckpoint(run: string): string | undefined {
  const step = checkpointSteps(run).at(-1);
  return step === undefined ? undefined : folderOf(run, step);
}

/**
 * Puts the optimizer, the averages of the weights and the device's random generator, which dropout draws from, back as they were.
 * Averages that the run did not have begin with the weights.
 */
export function restoreCheckpoint(
  folder: string,
  { optimizer, ema }: { optimizer: Optimizer; ema?: Ema },
  device: Device,
): TrainProgress {
  const path = join(folder, 'progress.json');
  const progress = parseOptions(progressSchema, readJson(path), path);
  scope(() => {
    const state = loadSafetensors(join(folder, 'optimizer.safetensors'));
    optimizer.load(state, progress.step - progress.skipped);
    const averages = join(folder, 'ema.safetensors');
    if (ema && existsSync(averages)) ema.load(loadSafetensors(averages));
    setRngState(savedTensor(state, 'rng').clone(), device);
  });
  return progress;
}
