/** `tslm quickstart`: from text to a model that writes, every stage once, on text that is here already. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { usageError } from '../support/errors.ts';
import { formatBytes, formatCount, formatDuration } from '../support/format.ts';
import { root } from '../support/root.ts';
import type { Recipe } from '../train/recipe.ts';
import { positiveInteger } from './options.ts';
import { prepareProgress } from './prepare-view.ts';
import { printTable } from './print.ts';
import { withSignals } from './signals.ts';
import { trainingView } from './training-view.ts';

const CODE_PROMPTS = ['export interface ', '/**\n * Returns the ', 'export declare function create'];

interface Options {
  out: string;
  corpus: string;
  seconds: number;
}

export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('prepare text, train a small model, evaluate it, let it write')
    .argument('[path...]', "text to learn from (default: the TypeScript declarations of tslm's own dependencies)")
    .option('--out <folder>', 'folder of the run; replaced when a run is there', 'runs/quickstart')
    .option('--corpus <folder>', 'folder of the corpus; replaced when a corpus is there', 'corpora/quickstart')
    .option('--seconds <n>', 'time for training; the number of steps follows from it', positiveInteger, 300)
    .addHelpText('after', '\nExample:\n  $ tslm quickstart ~/notes --seconds 600\n')
    .action(quickstart);
}

async function quickstart(paths: string[], options: Options): Promise<void> {
  const start = performance.now();
  refuseForeign(options.out, 'recipe.yaml', '--out');
  refuseForeign(options.corpus, 'corpus.json', '--corpus');

  await prepareCorpus(paths, options.corpus);
  const recipe = await fittingRecipe(paths, options);
  heading(
    'Training',
    `${options.out}: ${recipe.model.layers} layers, ${recipe.model.hidden} wide, ${recipe.train.steps} steps`,
  );
  rmSync(options.out, { recursive: true, force: true });
  const { startRun } = await import('../train/run.ts');
  const result = await withSignals('stopping after this step and saving …', signal =>
    startRun(recipe, options.out, { signal, hooks: trainingView() }),
  );
  if (!result.finished) {
    say(`stopped; go on with: bin/tslm resume ${options.out}`);
    return;
  }
  await evaluateBoth(options);
  const { reportRun } = await import('../train/report-run.ts');
  const report = reportRun(options.out);
  const prompt = shellQuoted(recipe.samples.prompts[0].trim().split('\n')[0]);
  heading('Done', `in ${formatDuration((performance.now() - start) / 1000)}`);
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

/** Only what this command made before may be replaced. */
function refuseForeign(folder: string, mark: string, option: string): void {
  if (!existsSync(folder) || existsSync(join(folder, mark))) return;
  throw usageError('TSLM_FOREIGN_FOLDER', `${folder}: holds something else`, `choose another folder with ${option}`);
}

async function prepareCorpus(paths: string[], corpus: string): Promise<void> {
  const { prepare } = await import('../data/prepare.ts');
  const isOwn = paths.length === 0;
  heading('Preparing', isOwn ? 'TypeScript declarations under node_modules' : paths.join(', '));
  const progress = prepareProgress();
  const begin = performance.now();
  const prepareBy = (split: 'hash' | 'tail') =>
    prepare(isOwn ? [join(root, 'node_modules')] : paths, {
      out: corpus,
      overwrite: true,
      vocabSize: 4096,
      split,
      include: isOwn ? ['**/*.d.ts', '**/*.d.mts', '**/*.d.cts'] : [],
      onProgress: progress.listener,
    });
  let prepared = await prepareBy('hash');
  const { splits } = prepared.index;
  // Of a few documents, none may fall to a split: then the end of the text is held out.
  if (Math.min(splits.validation.documents, splits.test.documents) === 0) prepared = await prepareBy('tail');
  const { index, report } = prepared;
  progress.end();
  const { train, validation, test } = index.splits;
  const removed = report.read.documents - report.kept.documents;
  printTable([
    [
      'read',
      `${formatBytes(report.read.bytes)} in ${formatCount(report.read.documents)} documents, ${removed} removed`,
    ],
    [
      'tokenizer',
      `byte-level BPE, ${index.vocab_size} tokens, ${(train.bytes / train.tokens).toFixed(2)} bytes a token`,
    ],
    ['tokens', `${formatCount(train.tokens)} to learn from, ${formatCount(validation.tokens + test.tokens)} held out`],
    ['time', formatDuration((performance.now() - begin) / 1000)],
  ]);
}

/** The recipe with as many steps as this machine does in the time given, and prompts that fit the text. */
async function fittingRecipe(paths: string[], { corpus: folder, seconds }: Options): Promise<Recipe> {
  const { readRecipe } = await import('../train/recipe.ts');
  const { trainingStep } = await import('../train/throughput.ts');
  const { computeDtype } = await import('../train/precision.ts');
  const { modelFor, optimizerFor } = await import('../train/run-parts.ts');
  const { openCorpus } = await import('../data/corpus.ts');
  const corpus = openCorpus(folder);
  const recipe = readRecipe(join(root, 'recipes', 'quickstart.yaml'));
  const { model, train } = recipe;
  const vocab = corpus.index.vocab_size;

  const candidate = modelFor(recipe, corpus);
  const optimizer = optimizerFor(recipe, candidate);
  const step = trainingStep(candidate, optimizer, {
    dtype: computeDtype(train),
    device: train.device,
    batch: train.batchSize,
    seq: model.context,
    vocab,
  });
  const [, ...measured] = Array.from({ length: 6 }, step);
  optimizer.dispose();
  candidate.dispose();
  const steps = Math.max(20, Math.floor(seconds / (measured.reduce((sum, s) => sum + s, 0) / measured.length)));
  return {
    ...recipe,
    data: { corpus: folder },
    train: { ...train, steps },
    schedule: { ...recipe.schedule, numWarmupSteps: Math.min(50, Math.floor(steps / 10)) },
    evaluation: { ...recipe.evaluation, every: Math.max(1, Math.floor(steps / 6)) },
    samples: { ...recipe.samples, prompts: paths.length === 0 ? CODE_PROMPTS : beginnings(corpus) },
    checkpoints: { ...recipe.checkpoints, every: Math.max(1, Math.floor(steps / 3)) },
  };
}

/** The first words of a few held-out documents. */
function beginnings(corpus: ReturnType<typeof import('../data/corpus.ts').openCorpus>): string[] {
  const split = corpus.split('validation');
  const tokenizer = corpus.tokenizer();
  const count = Math.min(3, split.documents);
  return Array.from({ length: count }, (_, i) => {
    const tokens = split.document(Math.floor((i * split.documents) / count));
    return tokenizer.decode(tokens.subarray(0, 8), { skipSpecialTokens: true }).replace(/\uFFFD+$/, ''); // half a character
  });
}

/** The model beside a Kneser–Ney 5-gram of the same tokens, on the test split. */
async function evaluateBoth({ out, corpus: folder }: Options): Promise<void> {
  const { openCorpus } = await import('../data/corpus.ts');
  const { loadCompleteModel } = await import('../models/auto.ts');
  const { evaluateNgram, trainNgramOn } = await import('../models/ngram/index.ts');
  const { perplexity } = await import('../evaluate/perplexity.ts');
  const { saveEvaluations } = await import('../train/report-run.ts');
  const { hasFastBfloat16 } = await import('../torch/cpu.ts');
  const { createProgress } = await import('../support/progress.ts');
  const corpus = openCorpus(folder);
  heading('Evaluating', 'on documents that neither model has seen');
  const ngram = await evaluateNgram(await trainNgramOn(folder, { order: 5 }), folder, { split: 'test' });
  const network = loadCompleteModel(join(out, 'model'));
  const progress = createProgress('evaluating', { unit: ' tokens' });
  const model = perplexity(network, corpus.split('test'), {
    dtype: hasFastBfloat16() ? 'bfloat16' : 'float32',
    startToken: corpus.index.eos_token_id,
    prefix: corpus.index.prefix_token_ids,
    onProgress: done => progress.update(done),
  });
  progress.end();
  network.dispose();
  const evaluations = [
    { name: 'GPT', ...model },
    { name: 'Kneser-Ney 5-gram', ...ngram, bitsPerByte: ngram.bitsPerByte ?? Number.NaN },
  ];
  saveEvaluations(out, evaluations);
  printTable(
    evaluations.map(({ name, bitsPerByte, perplexity: ppl }) => [
      name,
      `${bitsPerByte.toFixed(3)} bits per byte   perplexity ${ppl.toFixed(1)}`,
    ]),
  );
}
