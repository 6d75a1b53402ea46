/** A run at work: what its loop writes down, and what is saved when the loop ends, however it ends. */
import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { writeJson } from '../support/files.ts';
import { explainMemoryError } from '../support/memory-errors.ts';
import { dispose, FileChangedError, keep, requireWholeFiles, rngState, scope, type Tensor } from '../torch/index.ts';
import { type Interval, stepsOf } from '../train/durations.ts';
import { heldOut, isBetter, withAlso } from '../train/evaluation.ts';
import { isMadeByWorkers } from '../train/examples.ts';
import { roundFrozenLinears } from '../train/frozen-weights.ts';
import { trainLoop } from '../train/loop.ts';
import { computeDtype } from '../train/precision.ts';
import type { Sampler } from '../train/sampler.ts';
import { auxiliaryWriter } from './auxiliary.ts';
import { noSteps, pruneCheckpoints, saveCheckpoint, saveModelFolder, type TrainProgress } from './checkpoints.ts';
import { exampleWorkers } from './example-workers.ts';
import type { Lineage } from './lineage.ts';
import { openMetricsLog } from './metrics-log.ts';
import { heldOutPseudoPerplexity } from './pseudo-perplexity.ts';
import { scheduleOf, withSteps } from './recipe.ts';
import { type Recipe, secondsOf } from './recipe-schema.ts';
import { rolloutsOf } from './rollouts/rollouts-of.ts';
import type { RunHooks, RunResult } from './run-hooks.ts';
import { namedEstimates, samplerFor } from './run-loop.ts';
import { type RunParts, requireFiniteWeights } from './run-parts.ts';
import { appendSamples, dropSamplesAfter, type Sample, sampleTexts } from './samples.ts';
import { createEventWriter, type EventWriter } from './tensorboard.ts';

export interface RunState extends RunParts {
  folder: string;
  lineage: Lineage;
  progress: TrainProgress;
}

/** Whether an adapter reads the weights below it in products alone; DoRA measures their rows, too. */
const readsOnlyProducts = (adapter: Recipe['adapter']): boolean =>
  adapter !== undefined && !(adapter.method === 'lora' && adapter.dora);

/** Trains from `progress` to the last step of the recipe, or to a signal. */
export async function runSteps(
  run: RunState,
  { signal, hooks = {} }: { signal?: AbortSignal; hooks?: RunHooks } = {},
): Promise<RunResult> {
  const { context, tokenizer, generation, model, trainable, optimizer, folder, progress } = run;
  const sampler = samplerFor(run);
  const { recipe, lineage } = counted(run, sampler);
  const { evaluation, checkpoints, samples, train, log } = recipe;
  const { imageProcessor } = run.source;
  const every = (interval: Interval): number => stepsOf(interval, sampler.stepsPerEpoch);
  const warn = (warning: string): void => hooks.onWarning?.(warning);
  /** The objective's warning is said once a sitting. */
  let hasWarned = false;
  const withEvents = auxiliaryWriter('TensorBoard events', warn);
  const withSamples = auxiliaryWriter('samples', warn);
  const samplesPath = join(folder, 'samples.jsonl');
  const isDue = (step: number, isLast: boolean, every: number): boolean => isLast || (every > 0 && step % every === 0);
  let isLearnt = false;
  const isEnough = (): boolean => isLearnt || progress.sinceBest >= (evaluation.patience ?? Number.POSITIVE_INFINITY);
  const checkData = (): void => requireWholeFiles(run.source.directory);
  // What followed a step that is pending is done, and written, again.
  const lastWhole = progress.pending ? progress.step - 1 : progress.step;
  const resumeStep = progress.step > 0 ? lastWhole : undefined;
  const metricsLog = openMetricsLog(join(folder, 'metrics.jsonl'), { resumeStep });
  withSamples(() => dropSamplesAfter(samplesPath, lastWhole));
  let events: EventWriter | undefined;
  if (log.tensorboard) withEvents(() => (events = createEventWriter(join(folder, 'tensorboard'), { resumeStep })));
  // Measured when the run began: what is faster today may have been slower then, and losses would differ.
  const dtype = train.precision === 'auto' ? lineage.environment.precision : computeDtype(train);
  if (readsOnlyProducts(recipe.adapter)) roundFrozenLinears(model, dtype);
  const rollouts = await rolloutsOf(run, dtype);
  const heldOutLoss = heldOut({
    objective: run.heldOutObjective,
    data: run.heldOut,
    batchSize: train.batchSize,
    dtype,
    device: train.device,
    seed: recipe.seed,
    metric: evaluation.best,
    checkData,
    explore: rollouts && (examples => rollouts.evaluate(examples)),
  });
  const averaged = <T>(body: () => T): T => (run.ema ? run.ema.during(body) : body());
  const evaluated =
    evaluation.pseudoPerplexity === 0
      ? heldOutLoss
      : withAlso(heldOutLoss, stop => heldOutPseudoPerplexity(run, dtype, stop));
  const parameters = model.parameterCount();
  const secondsBefore = progress.seconds;
  const budget = train.budget === undefined ? undefined : { seconds: secondsOf(train.budget), spent: secondsBefore };
  const start = performance.now();

  let rng = generatorState(train.device);
  let saved = progress.pending ? -1 : progress.step;
  let isBetweenSteps = true;
  let cannotSave = false;
  let hasEnded =
    isEnough() || (budget === undefined ? progress.step >= train.steps : progress.seconds >= budget.seconds);
  const save = (): void => {
    requireFiniteWeights(trainable, progress.step);
    cannotSave = true;
    metricsLog.sync();
    const parts = { trainable, tokenizer, imageProcessor, generation, optimizer, ema: run.ema };
    saveCheckpoint(folder, { ...parts, progress, rng, lineage: { ...lineage, progress } });
    pruneCheckpoints(folder, { keep: checkpoints.keep, best: progress.best?.step });
    cannotSave = false;
    saved = progress.pending ? -1 : progress.step;
  };
  const show = (step: number, texts: readonly Sample[]): void => {
    withSamples(() => appendSamples(samplesPath, texts));
    for (const sample of texts) {
      withEvents(() => events?.text(`sample/${sample.prompt}`, sample.text, step));
      hooks.onSample?.(sample);
    }
  };
  /** The steps since the last checkpoint are not to be lost to an error that has nothing to do with the weights. */
  const rescue = (error: unknown): void => {
    if (hasDiverged(error) || cannotSave || !isBetweenSteps || saved === progress.step || progress.step === 0) return;
    try {
      save();
      warn(`saved step ${progress.step} before ending`);
    } catch {
      // The first error is the one to tell.
    }
  };

  hooks.onStart?.({
    parameters,
    tokensPerStep: (train.batchTokens ?? train.batchSize * context) * train.gradientAccumulation,
    startStep: progress.step,
    steps: train.steps,
    epochs: train.epochs,
    secondsLeft: budget && Math.max(0, budget.seconds - budget.spent),
    dtype,
    vectors: run.vectors,
  });
  try {
    const done = await trainLoop({
      trainable,
      objective: run.objective,
      data: run.data,
      sampler,
      seed: recipe.seed,
      workers: isMadeByWorkers(run.objective)
        ? {
            start: threads => exampleWorkers(run, threads),
            threads: recipe.data.workers,
            onFailure: reason => warn(`rows are encoded in the training loop: ${reason}`),
          }
        : undefined,
      explore: rollouts && ((step, examples, stop) => rollouts.explore(step, examples, stop)),
      optimizer,
      schedule: scheduleOf(recipe),
      startStep: progress.step,
      pending: progress.pending !== null,
      steps: train.steps,
      budget,
      gradientAccumulation: train.gradientAccumulation,
      clipGradNorm: train.clipGradNorm,
      skipSpikes: train.skipSpikes && { options: train.skipSpikes, state: progress.spikes },
      ema: run.ema,
      dtype,
      device: train.device,
      evaluations: [
        {
          evaluation: { ...evaluated, run: (one, stop) => averaged(() => evaluated.run(one, stop)) },
          every: every(evaluation.every),
        },
      ],
      signal,
      checkData,
      hooks: {
        onUpdate() {
          isBetweenSteps = false;
        },
        onStep(metrics) {
          const { step, lr, gradNorm } = metrics;
          const { sinceLine } = progress;
          Object.assign(progress, { step, drawn: sampler.drawnBefore(step), tokens: progress.tokens + metrics.tokens });
          progress.seconds = secondsBefore + (performance.now() - start) / 1000;
          progress.pending = { lr, gradNorm };
          progress.objective = run.objective.state?.() ?? {};
          progress.rollouts = rollouts?.state();
          for (const term of run.objective.logged ?? []) {
            sinceLine.terms = { ...sinceLine.terms, [term]: (sinceLine.terms[term] ?? 0) + (metrics.terms[term] ?? 0) };
          }
          sinceLine.steps++;
          if (metrics.isSkipped) progress.skipped++;
          for (const key of ['loss', 'tokens', 'seconds', 'wait'] as const) sinceLine[key] += metrics[key];
          dispose(rng);
          rng = generatorState(train.device);
          isBetweenSteps = true;
          hooks.onStep?.(metrics);
        },
        onStepDone(step, isLast) {
          if (!isDue(step, isLast, log.every) || progress.pending === null) return;
          const { loss, steps, tokens, seconds, wait, terms } = progress.sinceLine;
          const rates = { tokensPerSecond: tokens / seconds, wait: wait / seconds };
          const row = {
            step,
            loss: loss / steps,
            ...Object.fromEntries(Object.entries(terms).map(([term, sum]) => [term, sum / steps])),
            ...progress.pending,
            ...rates,
            ...(train.skipSpikes && { skipped: progress.skipped }),
          };
          metricsLog.append(row);
          withEvents(() => {
            for (const [name, value] of Object.entries(row)) {
              if (name !== 'step') events?.scalar(`train/${name}`, value, step);
            }
          });
        },
        onEvaluate(step, measured, estimates) {
          const { metric } = measured;
          const [loss, value] = [estimates.loss.value, estimates[metric].value];
          const decides = metric === 'loss' ? undefined : { metric, value };
          const isBest = isBetter(measured, value, progress.best?.value ?? progress.best?.loss);
          metricsLog.append({ step, ...namedEstimates(estimates) });
          withEvents(() => {
            for (const [term, { value }] of Object.entries(estimates))
              events?.scalar(`${evaluation.split}/${term}`, value, step);
          });
          progress.sinceBest = isBest ? 0 : progress.sinceBest + 1;
          if (isBest) {
            const best = { step, loss, ...decides };
            const parts = {
              trainable,
              tokenizer,
              imageProcessor,
              generation,
              lineage: { ...lineage, progress: { ...progress, best } },
            };
            averaged(() => saveModelFolder(join(folder, 'model'), parts));
            progress.best = best;
          }
          hooks.onEvaluate?.(step, loss, isBest, decides);
          isLearnt = rollouts?.isLearnt() ?? false;
          if (isLearnt) warn(LEARNT);
          const warning = run.objective.warning?.(estimates);
          if (warning !== undefined && !hasWarned) warn(warning);
          hasWarned ||= warning !== undefined;
        },
        onStepEnd(step, isLast) {
          if (samples.prompts.length > 0 && isDue(step, isLast, every(samples.every))) {
            const images = run.sampleImages && { images: run.sampleImages, processor: imageProcessor! };
            show(
              step,
              averaged(() => trainable.run(() => sampleTexts(recipe, model, tokenizer!, step, images))),
            );
          }
          if (rollouts && isDue(step, isLast, every(samples.every))) {
            show(
              step,
              rollouts.samples().map(sample => ({ step, ...sample })),
            );
          }
          progress.pending = null;
          if (isDue(step, isLast, log.every)) progress.sinceLine = { ...noSteps };
          if (isDue(step, isLast, every(checkpoints.every))) save();
          hasEnded = isLast || isEnough();
        },
        isEnough,
      },
    });
    if (progress.pending !== null || done > saved) save();
    const { best, tokens, seconds, pending } = progress;
    writeJson(join(folder, 'run.json'), { ...lineage, progress });
    return {
      folder,
      step: done,
      finished: hasEnded && pending === null,
      parameters,
      best,
      tokens,
      seconds,
    };
  } catch (error) {
    rescue(error);
    if (hasDiverged(error) && isUnevenForAdamW(run)) throw new UserError(error.code, error.message, { hint: UNEVEN });
    if (error instanceof FileChangedError) throw new FileChangedError(error.files, wholeFile(folder, progress.step));
    throw explainMemoryError(error, lessMemory(folder));
  } finally {
    metricsLog.close();
    withEvents(() => events?.close());
    await rollouts?.close();
    dispose(rng);
    optimizer.dispose();
    run.ema?.dispose();
    trainable.dispose();
  }
}

const LEARNT =
  'the rewards have risen, and nearly all prompts have answers of one reward by now: nothing is left to learn from them, and the training ends';

/** The recipe with the steps that its epochs come to, which run.json has as `steps`. */
function counted({ recipe, lineage, folder }: RunState, sampler: Sampler): Pick<RunState, 'recipe' | 'lineage'> {
  const { epochs } = recipe.train;
  if (epochs === undefined) return { recipe, lineage };
  const steps = sampler.stepsOfEpochs(epochs);
  const told = { ...lineage, steps };
  writeJson(join(folder, 'run.json'), told);
  return { recipe: withSteps(recipe, steps), lineage: told };
}

const hasDiverged = (error: unknown): error is UserError =>
  error instanceof UserError && error.code === 'TSLM_DIVERGED';

/** T5 draws its layers at very unequal sizes, and scales no attention: it was trained by Adafactor. */
const isUnevenForAdamW = ({ model, recipe: { optimizer } }: RunParts): boolean =>
  ['t5', 'mt5'].includes(model.family.modelType) && optimizer.name === 'adamw' && !optimizer.scaleParameter;

const UNEVEN =
  'the weights of T5 are too unequal in size for plain AdamW: set optimizer.scaleParameter=true and optimizer.lr=0.01, or optimizer={name: adafactor}';

const wholeFile = (folder: string, step: number): string =>
  `put the whole file back; then \`tslm resume ${folder}\` goes on from step ${step}`;

const lessMemory = (folder: string): string =>
  `take a smaller batch (with gradientAccumulation the updates stay the same), train.recompute=true or a shorter context: \`tslm resume ${folder} --set train.batchSize=…\``;

const generatorState = (device: string): Tensor => scope(() => keep(rngState(device)));
