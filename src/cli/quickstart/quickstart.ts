/** `tslm quickstart`: from text to a model that writes, every stage once, on text that is here already. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Recipe } from '../../runs/recipe-schema.ts';
import { usageError } from '../../support/errors.ts';
import { formatDuration } from '../../support/format.ts';
import { setAside } from '../../support/predecessor.ts';
import { positiveInteger } from '../options.ts';
import { printTable } from '../print.ts';
import { withSignals } from '../signals.ts';
import { trainingView } from '../views/training-view.ts';
import { evaluateBoth } from './evaluate-both.ts';
import { fittingRecipe } from './fitting-recipe.ts';
import { ownSources, prepareCorpus } from './prepare-corpus.ts';

const CODE_PROMPTS = ['export function ', '/** Returns the ', 'import { '];

interface Options {
  out: string;
  corpus: string;
  seconds: number;
}

export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('prepare text, train a small model, evaluate it, let it write')
    .argument('[path...]', "text to learn from (default: tslm's own source code)")
    .option(
      '--out <folder>',
      'folder of the run; a run that is there is replaced by the finished one',
      'runs/quickstart',
    )
    .option('--corpus <folder>', 'folder of the corpus; a corpus that is there is replaced', 'corpora/quickstart')
    .option('--seconds <n>', 'time for training; size and steps follow from it', positiveInteger, 310)
    .addHelpText('after', '\nExample:\n  $ tslm quickstart ~/notes --seconds 600\n')
    .action(quickstart);
}

async function quickstart(paths: string[], options: Options): Promise<void> {
  const start = performance.now();
  refuseForeign(options.out, 'recipe.yaml', '--out');
  refuseForeign(options.corpus, 'corpus.json', '--corpus');
  await refuseBusy(options.out);

  const isOwn = paths.length === 0;
  heading('Preparing', isOwn ? "tslm's own source code" : paths.join(', '));
  const prepared = await prepareBeside(options.corpus, isOwn ? ownSources() : { paths, exclude: [] }, async corpus =>
    inCorpus(await fittingRecipe(corpus, options.seconds, isOwn ? CODE_PROMPTS : undefined), options.corpus),
  );
  const finished = await trainInPlace(prepared, options);
  if (!finished) return;
  heading('Evaluating', 'on documents that neither model has seen');
  printTable(await evaluateBoth(options));
  const { reportRun } = await import('../../runs/report-run.ts');
  const report = reportRun(options.out);
  const prompt = shellQuoted(prepared.recipe.samples.prompts[0].trim().split('\n')[0]);
  heading('Done', `in ${formatDuration((performance.now() - start) / 1000)}, on ${await machine()}`);
  printTable([
    ['model', join(options.out, 'model')],
    ['report', report],
  ]);
  process.stdout.write(`\nTry next:
  bin/tslm generate ${options.out} --prompt ${prompt} --temperature 0.7
  bin/tslm evaluate ${options.out} --data ${options.corpus} --split test --json
  bin/tslm quickstart PATH/TO/YOUR/TEXT --seconds 600
`);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const heading = (title: string, text: string): void => say(`\n── ${title}: ${text}`);

/** `AMD EPYC, 2 threads, products avx512_bf16` */
async function machine(): Promise<string> {
  const { cpu } = await import('../../torch/cpu.ts');
  const { native, processorTier } = await import('../../torch/native.ts');
  return `${cpu().model}, ${native().threads()} threads, products ${processorTier()}`;
}

/** Only what this command made before may be replaced. */
function refuseForeign(folder: string, mark: string, option: string): void {
  if (!existsSync(folder) || existsSync(join(folder, mark))) return;
  throw usageError('TSLM_FOREIGN_FOLDER', `${folder}: holds something else`, `choose another folder with ${option}`);
}

/** @throws UserError when another process is training there: its folder must not be moved */
async function refuseBusy(run: string): Promise<void> {
  const { lockRun } = await import('../../runs/run-folder.ts');
  if (existsSync(run)) lockRun(run).release();
}

interface Prepared {
  recipe: Recipe;
  /** The new corpus, still beside its place. */
  folder: string;
}

/** A corpus beside its place, and a recipe that was tried on it: nothing is replaced by what cannot be trained on. */
async function prepareBeside(
  place: string,
  sources: { paths: readonly string[]; exclude: readonly string[] },
  recipeFor: (corpus: string) => Promise<Recipe>,
): Promise<Prepared> {
  const folder = `${resolve(place)}.next-${process.pid}`;
  try {
    printTable(await prepareCorpus(sources, folder));
    return { recipe: await recipeFor(folder), folder };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Trains in the place of the run. What was there before stays beside it until the new run is finished, and comes back
 * when training fails.
 *
 * @returns false when a signal stopped the training
 */
async function trainInPlace({ recipe, folder }: Prepared, options: Options): Promise<boolean> {
  const { model, train } = recipe;
  heading(
    'Training',
    `${options.out}: ${model.family}, ${model.layers} layers, ${model.hidden} wide, about ${train.steps} steps`,
  );
  await refuseBusy(options.out);
  const [run, corpus] = [setAside(options.out), setAside(options.corpus)];
  try {
    mkdirSync(dirname(resolve(options.corpus)), { recursive: true });
    renameSync(folder, options.corpus);
    const { startRun } = await import('../../runs/run.ts');
    const result = await withSignals('stopping after this step and saving …', signal =>
      startRun(recipe, options.out, { signal, hooks: trainingView() }),
    );
    if (result.finished) {
      for (const predecessor of [run, corpus]) predecessor.remove();
      return true;
    }
    say(`stopped; go on with: bin/tslm resume ${options.out}`);
    if (run.folder !== undefined) say(`the run before is in ${run.folder}, its corpus in ${corpus.folder}`);
    return false;
  } catch (error) {
    for (const predecessor of [run, corpus]) predecessor.restore();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The recipe for a corpus that has its name by then. */
const inCorpus = (recipe: Recipe, corpus: string): Recipe => ({ ...recipe, data: { ...recipe.data, corpus } });
