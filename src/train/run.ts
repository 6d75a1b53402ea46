/**
 * A run directory: the recipe as resolved, run.json (lineage), metrics.jsonl, TensorBoard events, samples.jsonl,
 * checkpoints/, model/ (the best model so far by evaluation loss, a folder that every command reads), report.html.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Corpus, openCorpus } from '../data/corpus.ts';
import { causal } from '../objectives/causal.ts';
import { namingFile, usageError } from '../support/errors.ts';
import { makeFolder, readJson, writeFileAtomically, writeJson } from '../support/files.ts';
import { FileChangedError, manualSeed, requireDevice, requireWholeFiles } from '../torch/index.ts';
import {
  latestCheckpoint,
  noSteps,
  pruneCheckpoints,
  restoreCheckpoint,
  saveCheckpoint,
  saveModelFolder,
  type TrainProgress,
} from './checkpoints.ts';
import { type Lineage, lineageOf, requireSameCorpus } from './lineage.ts';
import { type StepMetrics, trainLoop } from './loop.ts';
import { openMetricsLog } from './metrics-log.ts';
import { computeDtype } from './precision.ts';
import { type Recipe, readRecipe, resolvedRecipe, scheduleOf } from './recipe.ts';
import { refuseOccupied, removeLeftovers } from './run-folder.ts';
import { assemble, loadForTraining, modelFor, type RunParts, requireFiniteWeights } from './run-parts.ts';
import { appendSamples, dropSamplesAfter, type Sample, sampleTexts } from './samples.ts';
import { createEventWriter } from './tensorboard.ts';

export interface RunResult {
  folder: string;
  /** Updates done. */
  step: number;
  /** False when a signal stopped the run; `resume` goes on from here. */
  finished: boolean;
  parameters: number;
  best: { step: number; loss: number } | null;
  tokens: number;
  seconds: number;
}

export interface RunOptions {
  /** Stops after the step in progress and saves. */
  signal?: AbortSignal;
  hooks?: RunHooks;
}

export interface RunHooks {
  /** The run to resume had no checkpoint yet: it begins again. */
  onRestart?(): void;
  onStart?(info: { parameters: number; tokensPerStep: number; startStep: number; steps: number; dtype: string }): void;
  onStep?(metrics: StepMetrics): void;
  onEvaluate?(step: number, loss: number, isBest: boolean): void;
  onSample?(sample: Sample): void;
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
  const corpus = openCorpus(recipe.data.corpus);
  return beginRun(recipe, corpus, folder, options);
}

/**
 * Goes on from a run's latest checkpoint, or from the beginning when there is none yet. The losses are those of a run
 * that was never interrupted.
 */
export async function resumeRun(folder: string, options: RunOptions = {}): Promise<RunResult> {
  const recipePath = join(folder, 'recipe.yaml');
  if (!existsSync(recipePath)) {
    throw usageError('TSLM_NO_RUN', `${folder}: no run here (there is no recipe.yaml)`, 'give the folder of a run');
  }
  const recipe = readRecipe(recipePath);
  requireDevice(recipe.train.device);
  const lineagePath = join(folder, 'run.json');
  const lineage = existsSync(lineagePath) ? (readJson(lineagePath) as Lineage) : undefined;
  // Paths in a recipe are relative to where the run was started; the lineage has the whole path.
  const isHere = existsSync(join(recipe.data.corpus, 'corpus.json'));
  const corpus = openCorpus(isHere ? recipe.data.corpus : (lineage?.data.corpus ?? recipe.data.corpus));
  if (lineage) requireSameCorpus(lineage, corpus);
  removeLeftovers(folder);
  const checkpoint = latestCheckpoint(folder);
  if (checkpoint === undefined || lineage === undefined) {
    options.hooks?.onRestart?.();
    return beginRun(recipe, corpus, folder, options);
  }
  const model = loadForTraining(checkpoint, recipe);
  const parts = assemble(recipe, corpus, model);
  const progress = restoreCheckpoint(checkpoint, parts.optimizer, recipe.train.device);
  dropSamplesAfter(join(folder, 'samples.jsonl'), progress.step);
  return runFrom({ ...parts, folder, lineage, progress }, options);
}

/** Everything that can be wrong is found before anything is written. */
async function beginRun(recipe: Recipe, corpus: Corpus, folder: string, options: RunOptions): Promise<RunResult> {
  manualSeed(recipe.seed);
  const parts = assemble(recipe, corpus, modelFor(recipe, corpus));
  const lineage = lineageOf(parts);
  namingFile(folder, () => makeFolder(folder));
  writeFileAtomically(join(folder, 'recipe.yaml'), stringify(resolvedRecipe(recipe)));
  writeJson(join(folder, 'run.json'), lineage);
  dropSamplesAfter(join(folder, 'samples.jsonl'), 0);
  const progress: TrainProgress = { step: 0, drawn: 0, seconds: 0, tokens: 0, best: null, sinceLine: { ...noSteps } };
  return runFrom({ ...parts, folder, lineage, progress }, options);
}

interface RunState extends RunParts {
  folder: string;
  lineage: Lineage;
  progress: TrainProgress;
}

async function runFrom(run: RunState, { signal, hooks = {} }: RunOptions): Promise<RunResult> {
  const { recipe, tokenizer, model, optimizer, sampler, folder, lineage, progress } = run;
  const { evaluation, checkpoints, samples, train } = recipe;
  sampler.drawn = progress.drawn;
  const resumeStep = progress.step > 0 ? progress.step : undefined;
  const metricsLog = openMetricsLog(join(folder, 'metrics.jsonl'), { resumeStep });
  const events = recipe.log.tensorboard ? createEventWriter(join(folder, 'tensorboard'), { resumeStep }) : undefined;
  const dtype = computeDtype(train);
  const parameters = model.parameterCount();
  const secondsBefore = progress.seconds;
  const start = performance.now();

  let saved = progress.step;
  const save = (): void => {
    requireFiniteWeights(model, progress.step);
    metricsLog.sync();
    saveCheckpoint(folder, { model, tokenizer, optimizer, progress, lineage: { ...lineage, progress } });
    pruneCheckpoints(folder, { keep: checkpoints.keep, best: progress.best?.step });
    saved = progress.step;
  };

  hooks.onStart?.({
    parameters,
    tokensPerStep: train.batchSize * train.gradientAccumulation * model.maxPositions,
    startStep: progress.step,
    steps: train.steps,
    dtype,
  });
  try {
    const done = await trainLoop({
      model,
      objective: causal,
      optimizer,
      schedule: scheduleOf(recipe),
      sampler,
      startStep: progress.step,
      steps: train.steps,
      batchSize: train.batchSize,
      gradientAccumulation: train.gradientAccumulation,
      clipGradNorm: train.clipGradNorm,
      dtype,
      device: train.device,
      evaluation: { windows: run.evaluationWindows, every: evaluation.every },
      signal,
      checkData: () => requireWholeFiles(run.corpus.directory),
      hooks: {
        onStep(metrics) {
          const { step, lr, gradNorm } = metrics;
          const { sinceLine } = progress;
          Object.assign(progress, { step, drawn: sampler.drawn, tokens: progress.tokens + metrics.tokens });
          progress.seconds = secondsBefore + (performance.now() - start) / 1000;
          sinceLine.steps++;
          for (const key of ['loss', 'tokens', 'seconds'] as const) sinceLine[key] += metrics[key];
          hooks.onStep?.(metrics);
          if (step % recipe.log.every !== 0 && step !== train.steps) return;
          const { loss, steps, tokens, seconds } = sinceLine;
          const row = { step, loss: loss / steps, lr, gradNorm, tokensPerSecond: tokens / seconds };
          progress.sinceLine = { ...noSteps };
          metricsLog.append(row);
          for (const [name, value] of Object.entries(row)) {
            if (name !== 'step') events?.scalar(`train/${name}`, value, step);
          }
        },
        onEvaluate(step, loss) {
          const isBest = progress.best === null || loss < progress.best.loss;
          metricsLog.append({ step, evalLoss: loss });
          events?.scalar(`${evaluation.split}/loss`, loss, step);
          if (isBest) {
            progress.best = { step, loss };
            saveModelFolder(join(folder, 'model'), { model, tokenizer, lineage: { ...lineage, progress } });
          }
          hooks.onEvaluate?.(step, loss, isBest);
        },
        onStepEnd(step) {
          if (samples.prompts.length > 0 && isDue(step, samples.every, train.steps)) {
            const texts = sampleTexts(recipe, model, tokenizer, step);
            appendSamples(join(folder, 'samples.jsonl'), texts);
            for (const sample of texts) {
              events?.text(`sample/${sample.prompt}`, sample.text, step);
              hooks.onSample?.(sample);
            }
          }
          if (isDue(step, checkpoints.every, train.steps)) save();
        },
      },
    });
    if (done > saved) save();
    const { best, tokens, seconds } = progress;
    writeJson(join(folder, 'run.json'), { ...lineage, progress });
    return { folder, step: done, finished: done === train.steps, parameters, best, tokens, seconds };
  } catch (error) {
    if (!(error instanceof FileChangedError) || progress.step === 0) throw error;
    // Weights are copies of their own, and as the last step has left them.
    if (progress.step > saved) save();
    throw new FileChangedError(
      error.files,
      `put the whole file back; then \`tslm resume ${folder}\` goes on from step ${progress.step}`,
    );
  } finally {
    metricsLog.close();
    events?.close();
    optimizer.dispose();
    model.dispose();
  }
}

const isDue = (step: number, every: number, steps: number): boolean =>
  step === steps || (every > 0 && step % every === 0);
