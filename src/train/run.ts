/**
 * A run directory: the recipe as resolved, run.json (lineage), metrics.jsonl, TensorBoard events, samples.jsonl,
 * checkpoints/, model/ (the best model so far by evaluation loss, a folder that every command reads), report.html.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Corpus, openCorpus } from '../data/corpus.ts';
import { resolveGenerationConfig } from '../generate/generation-config.ts';
import { generateText } from '../generate/text.ts';
import { createModel, type LanguageModel, loadModel } from '../models/auto.ts';
import { causal } from '../objectives/causal.ts';
import { explainFileError, UserError, usageError } from '../support/errors.ts';
import { readJson, writeFileAtomically, writeJson } from '../support/files.ts';
import { version } from '../support/version.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { cpu } from '../torch/cpu.ts';
import { manualSeed } from '../torch/index.ts';
import { native } from '../torch/native.ts';
import { adamW, type Optimizer } from './adamw.ts';
import { evaluationWindows } from './batches.ts';
import {
  latestCheckpoint,
  pruneCheckpoints,
  restoreCheckpoint,
  saveCheckpoint,
  saveModelFolder,
  type TrainProgress,
} from './checkpoints.ts';
import { type StepMetrics, trainLoop } from './loop.ts';
import { openMetricsLog } from './metrics-log.ts';
import { computeDtype } from './precision.ts';
import { type Recipe, readRecipe, scheduleOf } from './recipe.ts';
import { createEventWriter } from './tensorboard.ts';
import { createWindowSampler } from './window-sampler.ts';

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

export interface RunHooks {
  onStart?(info: { parameters: number; tokensPerStep: number; startStep: number; steps: number; dtype: string }): void;
  onStep?(metrics: StepMetrics): void;
  onEvaluate?(step: number, loss: number, isBest: boolean): void;
  onSample?(sample: Sample): void;
}

export interface Sample {
  step: number;
  prompt: string;
  text: string;
}

/**
 * Starts a run in a new folder.
 *
 * @param folder must not hold a run yet
 * @param options.signal stops after the step in progress and saves
 */
export async function startRun(
  recipe: Recipe,
  folder: string,
  { signal, hooks = {} }: { signal?: AbortSignal; hooks?: RunHooks } = {},
): Promise<RunResult> {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw usageError(
      'TSLM_RUN_EXISTS',
      `${folder}: there is something in this folder already`,
      `go on with \`tslm resume ${folder}\`, or choose another --out`,
    );
  }
  const corpus = openCorpus(recipe.data.corpus);
  const tokenizer = corpus.tokenizer();
  manualSeed(recipe.seed);
  const model = modelFor(recipe, corpus);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw explainFileError(error, folder);
  }
  writeFileAtomically(join(folder, 'recipe.yaml'), stringify(recipe));
  const parts = { recipe, corpus, tokenizer, model, optimizer: optimizerFor(recipe, model) };
  const lineage = lineageOf(parts);
  writeJson(join(folder, 'run.json'), lineage);
  const progress: TrainProgress = { step: 0, drawn: 0, seconds: 0, tokens: 0, best: null };
  return runFrom({ ...parts, folder, lineage, progress, signal, hooks });
}

/** Goes on from a run's latest checkpoint; the losses are those of a run that was never interrupted. */
export async function resumeRun(
  folder: string,
  { signal, hooks = {} }: { signal?: AbortSignal; hooks?: RunHooks } = {},
): Promise<RunResult> {
  const recipePath = join(folder, 'recipe.yaml');
  if (!existsSync(recipePath)) {
    throw usageError('TSLM_NO_RUN', `${folder}: no run here (there is no recipe.yaml)`, 'give the folder of a run');
  }
  const recipe = readRecipe(recipePath);
  const lineage = readJson(join(folder, 'run.json')) as Record<string, unknown>;
  const corpus = openCorpus(recipe.data.corpus);
  const before = (lineage.data as { index_sha256?: string } | undefined)?.index_sha256;
  if (before !== indexHash(corpus)) {
    throw new UserError('TSLM_CORPUS_CHANGED', `${recipe.data.corpus}: the corpus is not the one this run began with`, {
      hint: 'put the corpus back, or start a new run',
    });
  }
  const checkpoint = latestCheckpoint(folder);
  const model = loadModel(checkpoint, { device: recipe.train.device });
  const optimizer = optimizerFor(recipe, model);
  const progress = restoreCheckpoint(checkpoint, optimizer);
  const tokenizer = corpus.tokenizer();
  return runFrom({ recipe, corpus, tokenizer, model, optimizer, folder, lineage, progress, signal, hooks });
}

interface RunParts {
  recipe: Recipe;
  corpus: Corpus;
  tokenizer: Tokenizer;
  model: LanguageModel;
  optimizer: Optimizer;
}

interface RunState extends RunParts {
  folder: string;
  lineage: Record<string, unknown>;
  progress: TrainProgress;
  signal: AbortSignal | undefined;
  hooks: RunHooks;
}

async function runFrom(run: RunState): Promise<RunResult> {
  const { recipe, corpus, tokenizer, model, optimizer, folder, lineage, progress, hooks } = run;
  const { decoder } = model;
  const { evaluation, checkpoints, samples, train } = recipe;
  const context = decoder.options.maxPositions;
  const trainSplit = corpus.split('train');
  const sampler = createWindowSampler(trainSplit, {
    length: causal.exampleLength(context),
    stride: context,
    seed: recipe.seed,
  });
  sampler.drawn = progress.drawn;
  const resumeStep = progress.step > 0 ? progress.step : undefined;
  const metricsLog = openMetricsLog(join(folder, 'metrics.jsonl'), { resumeStep });
  const events = recipe.log.tensorboard ? createEventWriter(join(folder, 'tensorboard'), { resumeStep }) : undefined;
  const dtype = computeDtype(train);
  const parameters = decoder.parameterCount();
  const before = { ...progress };
  const start = performance.now();

  const logged = { loss: 0, seconds: 0, tokens: 0, steps: 0 };
  const save = (step: number): void => {
    Object.assign(progress, {
      step,
      drawn: sampler.drawn,
      seconds: before.seconds + (performance.now() - start) / 1000,
    });
    metricsLog.sync();
    saveCheckpoint(folder, { model, tokenizer, optimizer, progress, lineage: { ...lineage, progress } });
    pruneCheckpoints(folder, { keep: checkpoints.keep, best: progress.best?.step });
  };

  hooks.onStart?.({
    parameters,
    tokensPerStep: train.batchSize * train.gradientAccumulation * context,
    startStep: progress.step,
    steps: train.steps,
    dtype,
  });
  let saved = progress.step;
  try {
    const done = await trainLoop({
      model: decoder,
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
      evaluation: {
        windows: evaluationWindows(corpus.split(evaluation.split), causal, context, { limit: evaluation.windows }),
        every: evaluation.every,
      },
      signal: run.signal,
      hooks: {
        onStep(metrics) {
          progress.tokens += metrics.tokens;
          logged.loss += metrics.loss;
          logged.seconds += metrics.seconds;
          logged.tokens += metrics.tokens;
          logged.steps++;
          hooks.onStep?.(metrics);
          if (metrics.step % recipe.log.every !== 0 && metrics.step !== train.steps) return;
          const row = {
            step: metrics.step,
            loss: logged.loss / logged.steps,
            lr: metrics.lr,
            gradNorm: metrics.gradNorm,
            tokensPerSecond: logged.tokens / logged.seconds,
          };
          Object.assign(logged, { loss: 0, seconds: 0, tokens: 0, steps: 0 });
          metricsLog.append(row);
          for (const [name, value] of Object.entries(row)) {
            if (name !== 'step') events?.scalar(`train/${name}`, value, metrics.step);
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
            for (const sample of sampleTexts(run, step)) {
              appendFileSync(join(folder, 'samples.jsonl'), `${JSON.stringify(sample)}\n`);
              events?.text(`sample/${sample.prompt}`, sample.text, step);
              hooks.onSample?.(sample);
            }
          }
          if (isDue(step, checkpoints.every, train.steps)) {
            save(step);
            saved = step;
          }
        },
      },
    });
    if (done > saved) save(done);
    const { best, tokens, seconds } = progress;
    writeJson(join(folder, 'run.json'), { ...lineage, progress });
    return { folder, step: done, finished: done === train.steps, parameters, best, tokens, seconds };
  } finally {
    metricsLog.close();
    events?.close();
    optimizer.dispose();
    decoder.dispose();
  }
}

const isDue = (step: number, every: number, steps: number): boolean =>
  step === steps || (every > 0 && step % every === 0);

function modelFor({ model: wanted, seed, train }: Recipe, corpus: Corpus): LanguageModel {
  if (wanted.from !== undefined) {
    corpus.requireTokenizer(wanted.from);
    return loadModel(wanted.from, { device: train.device });
  }
  const { dropout } = wanted;
  const sizes = { ...wanted, vocabSize: corpus.index.vocab_size };
  const model = createModel(wanted.family, sizes, { seed, dropout, eosTokenId: corpus.index.eos_token_id });
  model.decoder.to({ device: train.device });
  return model;
}

const optimizerFor = ({ optimizer }: Recipe, { decoder }: LanguageModel): Optimizer => {
  const { betas, eps, weightDecay } = optimizer;
  return adamW([...decoder.namedParameters()], { betas, eps, weightDecay });
};

function sampleTexts({ recipe, model, tokenizer }: RunState, step: number): Sample[] {
  const { prompts, maxNewTokens, temperature, topK } = recipe.samples;
  const sampling = temperature > 0 ? { doSample: true, temperature, topK } : {};
  const config = resolveGenerationConfig(
    { maxNewTokens, eosTokenId: tokenizer.eosTokenId ?? null, seed: recipe.seed, ...sampling },
    { where: 'samples' },
  );
  model.decoder.eval();
  const texts = generateText(model.decoder, tokenizer, prompts, config);
  model.decoder.train();
  return texts.map(({ prompt, text }) => ({ step, prompt, text }));
}

const indexHash = (corpus: Corpus): string =>
  createHash('sha256')
    .update(readFileSync(join(corpus.directory, 'corpus.json')))
    .digest('hex');

/** Where a run comes from: everything that would be needed to repeat it. */
function lineageOf({ recipe, corpus, model }: RunParts): Record<string, unknown> {
  const { version: libtorch } = native().runtimeInfo();
  return {
    tslm: version,
    name: recipe.name,
    created: new Date().toISOString(),
    parents: recipe.model.from === undefined ? [] : [resolve(recipe.model.from)],
    data: {
      corpus: resolve(corpus.directory),
      index_sha256: indexHash(corpus),
      tokenizer_sha256: corpus.index.tokenizer_sha256,
      tokens: corpus.index.splits.train.tokens,
    },
    parameters: model.decoder.parameterCount(),
    recipe,
    environment: {
      node: process.version,
      libtorch,
      platform: `${platform()} ${arch()}`,
      cpu: cpu().model,
      threads: native().threads(),
      precision: computeDtype(recipe.train),
    },
  };
}
