/** `tslm evaluate MODEL --tasks NAMES`: benchmarks from task files of lm-evaluation-harness, one table, results as JSON. */
import { type Command, Option } from 'commander';
import type { EvaluationResult } from '../evaluate/harness/evaluation-result.ts';
import type { EvaluatedModel } from '../evaluate/models/evaluated-model.ts';
import type { PseudoLoglikelihood } from '../evaluate/models/masked-model.ts';
import type { Pooling } from '../models/pooling.ts';
import { usageError } from '../support/errors.ts';
import { createProgress } from '../support/progress.ts';
import { collect, dtypeOf, nonNegativeInteger, type PRECISIONS } from './options.ts';
import { printJson, printNote } from './print.ts';

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
  limit?: number;
  precision: (typeof PRECISIONS)[number];
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
    .option('--apply-chat-template', 'ask in a conversation, as the tokenizer writes it')
    .option('--fewshot-as-multiturn', 'with --apply-chat-template: examples are turns of their own')
    .option('--system-instruction <text>', 'in front of everything')
    .option(
      '--bootstrap-iters <n>',
      'samples for standard errors that have no formula (default: 1000)',
      nonNegativeInteger,
    )
    .option('--output <folder>', 'write results and samples here')
    .option('--use-cache <file>', "keep the model's answers here; what is there already is not asked again");

export async function runTasks(path: string, options: TaskOptions): Promise<void> {
  const { modelFolder } = await import('../models/auto.ts');
  const { openTaskLibrary, ownTasks } = await import('../evaluate/harness/task-library.ts');
  const { evaluateTasks } = await import('../evaluate/harness/evaluate-tasks.ts');
  const { parseArguments } = await import('../evaluate/harness/arguments.ts');
  const { resultsJson, writeResults } = await import('../evaluate/harness/results.ts');
  const { openEvaluatedModel } = await import('../evaluate/models/open-model.ts');
  const { requireDevice } = await import('../torch/index.ts');
  requireDevice(options.device);
  const library = openTaskLibrary([ownTasks, ...(options.includePath ?? [])]);
  const nodes = library.select(options.tasks!.split(',').map(name => name.trim()));
  const genKwargs = options.genKwargs === undefined ? undefined : parseArguments(options.genKwargs);
  const dataMap = dataMapOf(options.dataMap);
  if (options.fewshotAsMultiturn && !options.applyChatTemplate) {
    throw usageError(
      'TSLM_UNUSED_OPTION',
      '--fewshot-as-multiturn says nothing without --apply-chat-template',
      'give both',
    );
  }
  const folder = modelFolder(path);
  const { score, pll, pooling, device } = options;
  using opened = openEvaluatedModel(folder, {
    score,
    pll,
    pooling,
    device,
    dtype: dtypeOf(options.precision),
    onNote: printNote,
  });
  const model = options.useCache === undefined ? opened : await withCache(opened, options.useCache, folder, options);
  if (options.applyChatTemplate && !model.applyChatTemplate) {
    throw usageError(
      'TSLM_NOT_SUPPORTED',
      `${folder}: this model has no conversations`,
      'leave out --apply-chat-template',
    );
  }
  const { numFewshot, fewshotSeed, limit, systemInstruction, bootstrapIters: replicates = 1000 } = options;
  const date = Date.now() / 1000;
  let current: { name: string; progress: ReturnType<typeof createProgress> } | undefined;
  const result = await evaluateTasks(model, nodes, {
    dataMap,
    numFewshot,
    fewshotSeed,
    limit,
    genKwargs,
    systemInstruction,
    replicates,
    chatTemplate: options.applyChatTemplate ? model.applyChatTemplate : undefined,
    fewshotAsMultiturn: options.fewshotAsMultiturn,
    onProgress(name, done, total) {
      if (current?.name !== name) {
        current?.progress.end();
        current = { name, progress: createProgress(name, { total, unit: ' requests' }) };
      }
      current.progress.update(done);
    },
  });
  current?.progress.end();
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
    date,
  };
  const written = options.output === undefined ? undefined : writeResults(options.output, result, facts);
  if (options.json) {
    printJson(resultsJson(result, facts));
    return;
  }
  printResult(result);
  if (written !== undefined) process.stdout.write(`\nresults  ${written}\n`);
}

/** Answers depend on the model's files, and on how it is asked. */
async function withCache(
  model: EvaluatedModel,
  path: string,
  folder: string,
  { precision, pll = 'original' }: TaskOptions,
): Promise<EvaluatedModel> {
  const { remembered, revisionOf } = await import('../evaluate/models/remembered.ts');
  return remembered(model, path, [await revisionOf(folder), model.scoring, precision, pll].join(' '));
}

/** `NAME=PATH` of each. */
export const dataMapOf = (pairs: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(pairs.map(placeOf));

function placeOf(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
  throw usageError('TSLM_BAD_VALUE', `--data-map ${pair} is not NAME=PATH`, 'write --data-map blimp=data/blimp');
}

/** Metrics of which a blind guess has a share right. */
const GUESSED = ['acc', 'acc_norm', 'acc_bytes', 'acc_mutual_info'];

/** One line a metric: groups last. */
function printResult({ tasks, groups }: EvaluationResult): void {
  const rows = [...tasks, ...groups].flatMap(result =>
    [...result.values].map(([key, { value, stderr }]) => {
      const [metric, filter] = key.split(/,(.*)/s);
      const chance = 'chance' in result && GUESSED.includes(metric) ? result.chance : undefined;
      return [
        result.alias,
        filter === 'none' ? metric : `${metric} (${filter})`,
        value.toFixed(4),
        stderr === 'N/A' ? '' : `± ${stderr.toFixed(4)}`,
        chance?.toFixed(4) ?? '',
        String(result.effective),
      ];
    }),
  );
  const hasChance = rows.some(row => row[4] !== '');
  const table = [['task', 'metric', 'value', '', 'chance', 'documents'], ...rows].map(row =>
    row.filter((_, column) => hasChance || column !== 4),
  );
  const widths = table[0].map((_, column) => Math.max(...table.map(row => row[column].length)));
  const isNumber = (column: number): boolean => column === 2 || column > 3;
  for (const row of table) {
    const cells = row.map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}
