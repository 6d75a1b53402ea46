/** `tslm select MODELS --tasks NAMES`: evaluates several models, measures what they cost, and says which one to take. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Choice } from '../runs/select/choose.ts';
import { usageError } from '../support/errors.ts';
import { formatBytes } from '../support/format.ts';
import { dataMapOf, taskProgress } from './evaluate-tasks.ts';
import { collect, dtypeOf, nonNegativeInteger, PRECISIONS, positiveInteger, positiveNumber } from './options.ts';
import { printJson, printRows } from './print.ts';

interface Options {
  tasks: string;
  dataMap?: string[];
  includePath?: string[];
  metric?: string;
  numFewshot?: number;
  limit?: number;
  cluster?: string;
  genKwargs?: string;
  allowCodeExecution?: boolean;
  maxMemory?: number;
  maxDisk?: number;
  minTokensPerSecond?: number;
  maxFirstToken?: number;
  weights?: string;
  holdout?: number;
  tokens: number;
  precision: (typeof PRECISIONS)[number];
  device: string;
  out: string;
  json?: boolean;
}

export function selectCommand(): Command {
  return new Command('select')
    .description('choose among models: quality with intervals, speed, memory, disk, and a rule that is stated')
    .argument('<models...>', 'folders of models, runs, adapters and n-gram models, or addresses of servers')
    .requiredOption(
      '--tasks <names>',
      'what they are to be good at: tasks, groups, tags and task files, with commas between them',
    )
    .option(
      '--data-map <name=path>',
      'where data lies that tasks call by a name; *=FOLDER: a folder with one for each; may be repeated',
      collect,
    )
    .option('--include-path <folder>', 'more task files; may be repeated', collect)
    .option('--metric <name>', 'that decides (default: the first of each task)')
    .option('--num-fewshot <n>', 'examples before each document (default: as the task says)', nonNegativeInteger)
    .option('--limit <n>', 'the first <n> documents of each task (below 1: a fraction of them)', positiveNumber)
    .option('--cluster <field>', 'documents with the same value of this field belong together; none: no two do')
    .option('--gen-kwargs <settings>', "in place of the tasks' own: num_beams=5,max_gen_toks=64")
    .option('--allow-code-execution', 'run programs that the models write, where a task asks for it')
    .option('--max-memory <size>', 'none that needs more: 2GB', size)
    .option('--max-disk <size>', 'none whose files are larger: 500MB', size)
    .option('--min-tokens-per-second <n>', 'none that is slower, one text at a time', positiveNumber)
    .option('--max-first-token <seconds>', 'none that waits longer before its first token', positiveNumber)
    .option('--weights <costs>', 'how much doubling a cost counts (default: time=1,memory=1,disk=0,first-token=0)')
    .option(
      '--holdout <share>',
      'of the documents, left out of the choice: the chosen one is measured on them',
      shareBelowHalf,
    )
    .option('--tokens <n>', 'to write when speed is measured', positiveInteger, 64)
    .addOption(new Option('--precision <type>', 'of the weights').choices([...PRECISIONS]).default('float32'))
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--out <folder>', 'for selection.json, report.html and the answers, which are not asked again', 'selection')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm select runs/small runs/large models/books-5gram --tasks blimp --data-map blimp=data/blimp --max-memory 2GB\n',
    )
    .action(async (names: string[], options: Options) => {
      const { parseArguments } = await import('../evaluate/harness/arguments.ts');
      const { openTaskLibrary, ownTasks } = await import('../evaluate/harness/task-library.ts');
      const { selectModels } = await import('../runs/select/select-models.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device);
      const library = openTaskLibrary([ownTasks, ...(options.includePath ?? [])]);
      const nodes = library.select(options.tasks.split(',').map(name => name.trim()));
      const {
        metric,
        numFewshot,
        limit,
        cluster,
        allowCodeExecution,
        holdout,
        tokens,
        maxMemory,
        maxDisk,
        minTokensPerSecond,
        maxFirstToken,
      } = options;
      let progress: { model: string; tell: ReturnType<typeof taskProgress> } | undefined;
      const selection = await selectModels(names, nodes, {
        ...{ metric, numFewshot, limit, cluster, allowCodeExecution, holdout, tokens },
        genKwargs: options.genKwargs === undefined ? undefined : parseArguments(options.genKwargs),
        dataMap: dataMapOf(options.dataMap),
        limits: { maxMemory, maxDisk, minTokensPerSecond, maxFirstToken },
        weights: weightsOf(options.weights),
        model: { dtype: dtypeOf(options.precision), device: options.device },
        folder: options.out,
        onProgress(model, task, done, requests) {
          if (progress?.model !== model) progress = { model, tell: taskProgress(`${model} `) };
          progress.tell(task, done, requests);
        },
      });
      const { choice, reason, final, path, report } = selection;
      if (options.json) {
        const { readJson } = await import('../support/files.ts');
        printJson({ ...(readJson(path) as object), selection: path, report });
        return;
      }
      printChoice(choice);
      process.stdout.write(`\n${reason}\n`);
      if (final) {
        process.stdout.write(
          `On documents that the choice has not seen: ${final.value.toFixed(4)} ± ${final.stderr.toFixed(4)}\n`,
        );
      }
      process.stdout.write(`\nselection  ${path}\nreport     ${report}\n`);
    });
}

function printChoice({ models, chosen }: Choice): void {
  const rows = models.map(({ name, quality, costs, isOnFront, isNearBest, excluded }, i) => [
    `${i === chosen ? '→ ' : '  '}${name}`,
    quality.value.toFixed(4),
    `± ${quality.stderr.toFixed(4)}`,
    `${quality.interval[0].toFixed(4)}–${quality.interval[1].toFixed(4)}`,
    costs.tokensPerSecond.toFixed(costs.tokensPerSecond < 100 ? 1 : 0),
    costs.firstToken === null ? '–' : `${(1000 * costs.firstToken).toFixed(0)} ms`,
    costs.memory === null ? '–' : formatBytes(costs.memory),
    costs.disk === null ? '–' : formatBytes(costs.disk),
    isOnFront ? 'front' : '',
    excluded.length > 0 ? excluded.join(', ') : isNearBest ? 'within one standard error' : '',
  ]);
  const head = ['  model', 'quality', '', '95 %', 'tokens/s', 'first token', 'memory', 'disk', 'Pareto', ''];
  printRows([head, ...rows], { right: [1, 4, 5, 6, 7] });
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

function size(text: string): number {
  const [, number, unit = 'B'] = text.trim().match(/^(\d+(?:\.\d+)?)\s*([A-Za-z]+)?$/) ?? [];
  if (number === undefined || UNITS[unit] === undefined) throw new InvalidArgumentError('expected a size: 500MB, 2GB.');
  return Number(number) * UNITS[unit];
}

function shareBelowHalf(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 0.5)) throw new InvalidArgumentError('expected a share above 0 and up to 0.5.');
  return value;
}

const COSTS = { time: 'time', memory: 'memory', disk: 'disk', 'first-token': 'firstToken' } as const;

/** `time=1,memory=0.5`; what is not named counts nothing. */
function weightsOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const weights = { time: 0, firstToken: 0, memory: 0, disk: 0 };
  for (const part of text.split(',')) {
    const [name, value] = part.split('=').map(one => one.trim());
    if (!Object.hasOwn(COSTS, name) || !(Number(value) >= 0)) {
      throw usageError(
        'TSLM_BAD_VALUE',
        `--weights ${part}: not a cost and its weight`,
        `costs are ${Object.keys(COSTS).join(', ')}: time=1,memory=0.5`,
      );
    }
    weights[COSTS[name as keyof typeof COSTS]] = Number(value);
  }
  return weights;
}
