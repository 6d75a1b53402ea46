/** `tslm evaluate MODEL --tasks NAMES`: benchmarks from task files of lm-evaluation-harness, one table, results as JSON. */
import { type Command, Option } from 'commander';
import type { EvaluateOptions } from '../evaluate/harness/evaluate-tasks.ts';
import type { EvaluationResult } from '../evaluate/harness/evaluation-result.ts';
import type { Contamination } from '../evaluate/harness/results.ts';
import type { Node } from '../evaluate/harness/task-library.ts';
import type { PseudoLoglikelihood } from '../evaluate/models/masked-model.ts';
import type { Pooling } from '../models/pooling.ts';
import { usageError } from '../support/errors.ts';
import { createProgress } from '../support/progress.ts';
import { collect, nonNegativeInteger, positiveInteger, type WeightTypeName, weightTypeOf } from './options.ts';
import { printJson, printNote } from './print.ts';
import { printContamination } from './views/contamination-table.ts';
import { type FloorScores, printEvaluation } from './views/evaluation-table.ts';

export interface TaskOptions {
  tasks?: string;
  dataMap?: string[];
  includePath?: string[];
  numFewshot?: number;
  fewshotSeed?: number;
  genKwargs?: string;
  score?: 'causal' | 'masked';
  pll?: PseudoLoglikelihood;
  pooling?: Pooling;
  applyChatTemplate?: boolean;
  fewshotAsMultiturn?: boolean;
  systemInstruction?: string;
  bootstrapIters?: number;
  output?: string;
  useCache?: string;
  cluster?: string;
  floor?: string;
  allowCodeExecution?: boolean;
  contamination?: string | true;
  baseUrl?: string;
  tokenizer?: string;
  maxLength?: number;
  limit?: number;
  precision: WeightTypeName;
  device: string;
  json?: boolean;
}

/** Names of the options that only tasks have. */
export const TASK_OPTIONS = [
  'dataMap',
  'includePath',
  'numFewshot',
  'fewshotSeed',
  'genKwargs',
  'score',
  'pll',
  'pooling',
  'applyChatTemplate',
  'fewshotAsMultiturn',
  'systemInstruction',
  'bootstrapIters',
  'output',
  'useCache',
  'cluster',
  'floor',
  'allowCodeExecution',
  'contamination',
  'baseUrl',
  'tokenizer',
  'maxLength',
];

export const withTaskOptions = (command: Command): Command =>
  command
    .option('--tasks <names>', 'tasks, groups, tags, patterns and task files, with commas between them')
    .option(
      '--data-map <name=path>',
      'where data lies that tasks call by a name; *=FOLDER: a folder with one for each; may be repeated',
      collect,
    )
    .option('--include-path <folder>', 'more task files; may be repeated', collect)
    .option('--num-fewshot <n>', 'examples before each document (default: as the task says)', nonNegativeInteger)
    .option('--fewshot-seed <n>', 'of the draw of examples (default: 1234)', nonNegativeInteger)
    .option('--gen-kwargs <settings>', "in place of the tasks' own: num_beams=5,max_gen_toks=64")
    .addOption(
      new Option('--score <how>', 'from left to right or by masks (default: as the model was made)').choices([
        'causal',
        'masked',
      ]),
    )
    .addOption(
      new Option('--pll <how>', 'of a masked model: mask the token alone, or with what follows it in its word').choices(
        ['original', 'within-word-l2r'],
      ),
    )
    .addOption(
      new Option('--pooling <how>', "from tokens' vectors to a text's, in tasks of likeness").choices([
        'mean',
        'cls',
        'last',
        'max',
      ]),
    )
    .option('--apply-chat-template', "render prompts with the tokenizer's chat template")
    .option('--fewshot-as-multiturn', 'with --apply-chat-template: examples are turns of their own')
    .option('--system-instruction <text>', 'in front of everything')
    .option(
      '--bootstrap-iters <n>',
      'samples for standard errors that have no formula (default: 1000)',
      nonNegativeInteger,
    )
    .option('--output <folder>', 'write results and samples here')
    .option('--use-cache <file>', "keep the model's answers here; what is there already is not asked again")
    .option(
      '--cluster <field>',
      'documents with the same value of this field belong together; none: no two do (default: a passage that several share)',
    )
    .option('--floor <folder>', 'an n-gram model: what it scores, and its unigrams, stands beside')
    .option(
      '--contamination [corpus]',
      'scores apart of documents that stand in the training corpus (default: the one that the model was trained on)',
    )
    .option('--allow-code-execution', 'run programs that the model writes, where a task asks for it')
    .option('--base-url <url>', 'of a server with /v1/completions; the model is then what the server calls it')
    .option('--tokenizer <folder>', "of a server's model: texts are cut into tokens here, as lm_eval does")
    .option('--max-length <tokens>', "that a server's model reads, with --tokenizer (default: 2048)", positiveInteger);

export async function runTasks(path: string, options: TaskOptions): Promise<void> {
  const { openTaskLibrary, ownTasks } = await import('../evaluate/harness/task-library.ts');
  const { evaluateTasks } = await import('../evaluate/harness/evaluate-tasks.ts');
  const { parseArguments } = await import('../evaluate/harness/arguments.ts');
  const { resultsJson, writeResults } = await import('../evaluate/harness/results.ts');
  const { openAnyModel } = await import('../evaluate/models/open-any.ts');
  const { remembered } = await import('../evaluate/models/remembered.ts');
  const { requireDevice } = await import('../torch/index.ts');
  requireDevice(options.device);
  const library = openTaskLibrary([ownTasks, ...(options.includePath ?? [])]);
  const nodes = library.select(options.tasks!.split(',').map(name => name.trim()));
  const genKwargs = options.genKwargs === undefined ? undefined : parseArguments(options.genKwargs);
  if (options.fewshotAsMultiturn && !options.applyChatTemplate) {
    throw usageError(
      'TSLM_UNUSED_OPTION',
      '--fewshot-as-multiturn says nothing without --apply-chat-template',
      'give both',
    );
  }
  const dataMap = dataMapOf(options.dataMap);
  const { score, pll, pooling, device, baseUrl, tokenizer, maxLength, precision } = options;
  const opened = await openAnyModel(path, {
    ...{ score, pll, pooling, device, baseUrl, tokenizer, maxLength },
    dtype: weightTypeOf(precision),
    apiKey: process.env.OPENAI_API_KEY,
    onNote: printNote,
  });
  using own = opened.model;
  const { name: folder, chunk } = opened;
  // Answers depend on the model's files, and on how it is asked.
  const model =
    options.useCache === undefined
      ? own
      : remembered(
          own,
          options.useCache,
          [await opened.revision(), own.scoring, precision, pll ?? 'original'].join(' '),
          { chunk },
        );
  if (options.applyChatTemplate && !model.applyChatTemplate) {
    throw usageError(
      'TSLM_NOT_SUPPORTED',
      `${folder}: this model has no conversations`,
      'leave out --apply-chat-template',
    );
  }
  const { numFewshot, fewshotSeed, limit, systemInstruction, cluster, bootstrapIters: replicates = 1000 } = options;
  const asked: EvaluateOptions = {
    dataMap,
    numFewshot,
    fewshotSeed,
    limit,
    genKwargs,
    systemInstruction,
    replicates,
    cluster,
    allowCodeExecution: options.allowCodeExecution,
  };
  const date = Date.now() / 1000;
  const result = await evaluateTasks(model, nodes, {
    ...asked,
    chatTemplate: options.applyChatTemplate ? model.applyChatTemplate : undefined,
    fewshotAsMultiturn: options.fewshotAsMultiturn,
    onProgress: taskProgress(),
  });
  const floors = options.floor === undefined ? undefined : await floorScores(options.floor, nodes, asked);
  const contamination = options.contamination && (await contaminationOfRun(result, opened.folder ?? folder, options));
  const facts = {
    model: folder,
    scoring: model.scoring,
    limit,
    numFewshot,
    fewshotSeed: fewshotSeed ?? 1234,
    genKwargs,
    replicates,
    systemInstruction,
    fewshotAsMultiturn: options.fewshotAsMultiturn ?? false,
    floors,
    ...(contamination && { contamination }),
    date,
  };
  const written = options.output === undefined ? undefined : writeResults(options.output, result, facts);
  if (options.json) {
    printJson(resultsJson(result, facts));
    return;
  }
  printEvaluation(result, floors);
  if (contamination) printContamination(contamination);
  if (written !== undefined) process.stdout.write(`\nresults  ${written}\n`);
}

/** A line of progress a task. */
export function taskProgress(label = ''): (task: string, done: number, requests: number) => void {
  let current: { name: string; progress: ReturnType<typeof createProgress> } | undefined;
  return (name, done, total) => {
    if (current?.name !== name) {
      current?.progress.end();
      current = { name, progress: createProgress(`${label}${name}`, { total, unit: ' requests' }) };
    }
    current.progress.update(done);
    if (done === total) current.progress.end();
  };
}

/** Documents beside what the model was trained on. */
async function contaminationOfRun(
  result: EvaluationResult,
  folder: string,
  { contamination: given, cluster, bootstrapIters: replicates }: TaskOptions,
): Promise<Contamination> {
  const { contaminationOf } = await import('../evaluate/contamination/contamination.ts');
  const { documentTexts, trainingCorpora } = await import('../runs/training-corpora.ts');
  const { openCorpus } = await import('../data/corpus/corpus.ts');
  const corpora = typeof given === 'string' ? given.split(',').map(openCorpus) : trainingCorpora(folder);
  const total = corpora.reduce((sum, corpus) => sum + corpus.split('train').documents, 0);
  const progress = createProgress('reading what was trained on', { total, unit: ' documents' });
  let done = 0;
  const texts = documentTexts(corpora, () => progress.update(++done));
  const tasks = contaminationOf(result, texts, { cluster, replicates });
  progress.end();
  return { corpora: corpora.map(({ directory }) => directory), tasks };
}

/** Scores of an n-gram model and of its unigrams. */
async function floorScores(folder: string, nodes: readonly Node[], asked: EvaluateOptions): Promise<FloorScores> {
  const { evaluateTasks } = await import('../evaluate/harness/evaluate-tasks.ts');
  const { isNgram } = await import('../evaluate/models/open-any.ts');
  const { ngramModel } = await import('../evaluate/models/ngram-model.ts');
  const { loadNgram } = await import('../ngram/index.ts');
  if (!isNgram(folder)) {
    throw usageError(
      'TSLM_NO_NGRAM',
      `${folder}: no n-gram model here`,
      '`tslm ngram train CORPUS --out FOLDER` makes one',
    );
  }
  const stored = loadNgram(folder);
  const orders = [...new Set([1, stored.model.order])];
  const scores: Record<string, Record<string, Record<string, number>>> = {};
  for (const order of orders) {
    const name = order === 1 ? 'unigram' : `${order}-gram`;
    const { tasks } = await evaluateTasks(ngramModel(stored, folder, { order }), nodes, {
      ...asked,
      replicates: 0,
      onProgress: taskProgress(`${name}: `),
    });
    for (const task of tasks) {
      const values = Object.fromEntries([...task.values].map(([key, { value }]) => [key, value]));
      scores[task.name] = { ...scores[task.name], [name]: values };
    }
  }
  return scores;
}

/** `NAME=PATH` of each. */
export const dataMapOf = (pairs: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(pairs.map(placeOf));

function placeOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
  throw usageError('TSLM_BAD_VALUE', `--data-map ${pair} is not NAME=PATH`, 'write --data-map blimp=data/blimp');
}
