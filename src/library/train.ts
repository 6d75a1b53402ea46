/** Training from code: texts, files, a corpus or rows in, a run and its model out; all of it in a worker. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open as openFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { OpenOptions } from '../engine/open-engine.ts';
import type { Perplexity } from '../evaluate/perplexity.ts';
import { modelFolder } from '../models/auto.ts';
import type { RunResult } from '../runs/run.ts';
import { OWN_DATA, refuseOccupied } from '../runs/run-folder.ts';
import type { RunHooks } from '../runs/run-hooks.ts';
import { explainFileError, usageError } from '../support/errors.ts';
import { runJob } from './jobs.ts';
import { type OpenModel, open } from './open.ts';
import { checkTraining, recipeOf, type TrainingOptions } from './training-options.ts';

/** So few are files of their own, which can be cut where the held-out text begins; more are lines of one. */
const FEW_TEXTS = 1000;

export interface TrainedRun extends RunResult {
  /** Opens the best model of the run. */
  open(options?: OpenOptions): Promise<OpenModel>;
  /**
   * How well the best model predicts a split of the run's corpus, in a worker: loss, perplexity, bits per byte and per character.
   *
   * @throws UserError when the split is empty, or the run learnt from rows
   */
  evaluate(split?: 'train' | 'validation' | 'test'): Promise<Perplexity>;
}

/**
 * Trains a model on texts, or fine-tunes one with rows.
 *
 * @returns the run, when it is finished or the signal stopped it; `resume` goes on
 * @throws UserError for options that there are not, when there is a run in the folder, or when training diverges
 */
export async function train(options: TrainingOptions): Promise<TrainedRun> {
  checkTraining(options);
  const { out, texts, rows, files, signal, vocabSize, model = {} } = options;
  const { onPrepare, onStep, onEvaluate, onSample, onNote, onWarning } = options;
  const hooks = { onPrepare, onStep, onEvaluate, onSample, onNote, onWarning, signal };
  refuseOccupied(out);
  const data = join(out, OWN_DATA);
  const isFew = texts !== undefined && texts.length < FEW_TEXTS;
  const file = join(data, rows ? 'rows.jsonl' : isFew ? 'texts' : 'texts.jsonl');
  const hadFolder = existsSync(out);
  try {
    if (isFew) await writeFiles(file, texts);
    else if (texts ?? rows) await writeLines(data, file, rows ?? texts!.map(text => ({ text })));
    if (rows) {
      const { epochs, batchSize, lr, seed, adapter } = options;
      const finetuning = { out, epochs, batchSize, lr, seed, adapter };
      return trainedRun(
        await runJob('finetune', { model: String(model.from), data: file, options: finetuning }, hooks),
      );
    }
    const corpus = options.corpus ?? join(data, 'corpus');
    const preparation = {
      inputs: texts ? [file] : (files ?? []),
      out: corpus,
      ...(options.tokenizer !== undefined || model.from !== undefined
        ? { tokenizer: options.tokenizer ?? modelFolder(String(model.from)) }
        : { vocabSize: vocabSize ?? 4096 }),
    };
    const input = {
      recipe: recipeOf(options, resolve(corpus)),
      folder: out,
      corpus: options.corpus === undefined ? preparation : undefined,
    };
    return trainedRun(await runJob('train', input, hooks));
  } catch (error) {
    // A run that never began leaves nothing, so that the same call can be made again.
    if (!existsSync(join(out, 'recipe.yaml'))) await rm(hadFolder ? data : out, { recursive: true, force: true });
    throw error;
  } finally {
    if (texts) await rm(file, { recursive: true, force: true }); // the corpus has them
  }
}

export interface ResumeRunOptions
  extends Pick<RunHooks, 'onStep' | 'onEvaluate' | 'onSample' | 'onNote' | 'onWarning'> {
  /** Changes to the recipe, `path=value` each, such as `train.steps=2000`. */
  set?: readonly string[];
  signal?: AbortSignal;
}

/**
 * Goes on with a run from its latest checkpoint, in a worker.
 *
 * @throws UserError when there is no run in the folder, or another process trains it
 */
export async function resume(folder: string, { set, ...hooks }: ResumeRunOptions = {}): Promise<TrainedRun> {
  return trainedRun(await runJob('resume', { folder, set }, hooks));
}

async function writeFiles(folder: string, texts: readonly string[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [i, text] of texts.entries()) await writeFile(join(folder, `${String(i).padStart(4, '0')}.txt`), text);
  } catch (error) {
    throw explainFileError(error, folder);
  }
}

async function writeLines(folder: string, path: string, values: readonly unknown[]): Promise<void> {
  const LINES = 1000; // a write
  try {
    await mkdir(folder, { recursive: true });
    await using file = await openFile(path, 'w');
    for (let start = 0; start < values.length; start += LINES) {
      const lines = values.slice(start, start + LINES).map(value => `${JSON.stringify(value)}\n`);
      await file.write(lines.join(''));
    }
  } catch (error) {
    throw explainFileError(error, path);
  }
}

const trainedRun = (result: RunResult): TrainedRun => ({
  ...result,
  open: options => open(result.folder, options),
  async evaluate(split = 'test') {
    const recipe = parse(readFileSync(join(result.folder, 'recipe.yaml'), 'utf8')) as { data: { corpus?: string } };
    const { corpus } = recipe.data;
    if (corpus === undefined) {
      throw usageError(
        'TSLM_NOT_ABLE',
        `${result.folder}: this run learnt from rows, not from a corpus`,
        'its scores are in report.html',
      );
    }
    return await runJob('evaluate', { model: result.folder, corpus, split });
  },
});
