/** The worker of `jobs.ts`: one job, then it ends. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openCorpus } from '../data/corpus/corpus.ts';
import { prepare } from '../data/prepare/prepare.ts';
import { perplexity } from '../evaluate/perplexity.ts';
import { loadCompleteModel, modelFolder } from '../models/auto.ts';
import { finetune, planFinetune } from '../runs/finetune/finetune.ts';
import { packingOfModel } from '../runs/lineage.ts';
import { parseRecipe } from '../runs/recipe.ts';
import { reportRun } from '../runs/report-run.ts';
import { type RunResult, resumeRun, startRun } from '../runs/run.ts';
import { messageOf } from '../support/errors.ts';
import { fasterDtype } from '../torch/faster-dtype.ts';
import { failure, type Job, type JobHooks, type Jobs } from './jobs.ts';

const port = parentPort!;
const stopped = new AbortController();
const { signal } = stopped;
port.on('message', () => stopped.abort(new Error('stopped')));

const NAMES = ['onPrepare', 'onRestart', 'onNote', 'onStart', 'onStep', 'onEvaluate', 'onSample', 'onWarning'] as const;
const hooks: JobHooks = Object.fromEntries(
  NAMES.map(name => [name, (...given: unknown[]) => port.postMessage({ kind: 'hook', name, given })]),
);

async function train({ recipe, folder, corpus }: Jobs['train']['input']) {
  const parsed = parseRecipe(recipe, 'train'); // what is wrong with it is said before the texts are read
  if (corpus) {
    const { inputs, ...options } = corpus;
    mkdirSync(dirname(corpus.out), { recursive: true });
    const { report } = await prepare(inputs, { ...options, signal, onProgress: hooks.onPrepare });
    for (const warning of report.warnings) hooks.onWarning?.(warning);
  }
  return withReport(await startRun(parsed, folder, { signal, hooks }));
}

async function fineTune({ model, data, options }: Jobs['finetune']['input']) {
  const plan = await planFinetune(model, [data], options);
  for (const note of plan.notes) hooks.onNote?.(note);
  return withReport((await finetune(plan, { signal, hooks })).run);
}

async function resume({ folder, set }: Jobs['resume']['input']) {
  return withReport(await resumeRun(folder, { set, signal, hooks }));
}

/** A run that is finished is not to fail for want of its report. */
function withReport(run: RunResult): RunResult {
  try {
    reportRun(run.folder);
  } catch (error) {
    hooks.onWarning?.(`there is no report: ${messageOf(error)}`);
  }
  return run;
}

function evaluate({ model: path, corpus: data, split }: Jobs['evaluate']['input']) {
  const folder = modelFolder(path);
  const corpus = openCorpus(data);
  corpus.requireTokenizer(folder);
  const model = loadCompleteModel(folder);
  return perplexity(model, corpus.split(split), {
    packing: packingOfModel(folder),
    dtype: fasterDtype(),
    startToken: corpus.index.eos_token_id,
    prefix: corpus.index.prefix_token_ids,
  });
}

const { name, input } = workerData as Job;
try {
  const work = { train, finetune: fineTune, resume, evaluate }[name] as (input: unknown) => unknown;
  port.postMessage({ kind: 'done', result: await work(input) });
} catch (error) {
  port.postMessage(failure(error));
}
port.close();
