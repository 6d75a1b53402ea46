/** `tslm prompt evaluate FILE.yaml --data ROWS | --tasks NAMES`: how many answers are right, and what one costs. */
import { setMaxListeners } from 'node:events';
import { Command } from 'commander';
import type { Case, PromptScore } from '../../prompt/evaluate/evaluate-prompt.ts';
import type { OpenPrompt } from '../../prompt/open-prompt.ts';
import { usageError } from '../../support/errors.ts';
import { createProgress } from '../../support/progress.ts';
import { dataMapOf } from '../evaluate-tasks.ts';
import { collect, nonNegativeInteger, positiveInteger } from '../options.ts';
import { printJson, printRows } from '../print.ts';
import { withSignals } from '../signals.ts';
import {
  type ModelOptions,
  openCompleter,
  readPrompt,
  type StrategyOptions,
  withModelOptions,
  withStrategyOptions,
} from './options.ts';

export interface DataOptions {
  data?: string;
  tasks?: string;
  dataMap?: string[];
  includePath?: string[];
  numFewshot?: number;
  filter?: string;
  limit?: number;
  concurrency: number;
}

export interface Options extends ModelOptions, StrategyOptions, DataOptions {
  output?: string;
  json?: boolean;
}

export const withDataOptions = (command: Command): Command =>
  command
    .option('--data <rows>', 'JSON, JSON Lines or CSV with the fields of the prompt and the right answers')
    .option('--tasks <names>', 'or tasks of `tslm tasks list`: their prompts and filters, the strategy of the file')
    .option('--data-map <name=path>', 'where data lies that tasks call by a name; may be repeated', collect)
    .option('--include-path <folder>', 'more task files; may be repeated', collect)
    .option('--num-fewshot <n>', "in place of the tasks' own number of examples", nonNegativeInteger)
    .option('--filter <name>', "of the tasks: what finds answers (default: each task's last)")
    .option('--limit <n>', 'only the first n rows', positiveInteger)
    .option('--concurrency <n>', 'questions that are worked on at once', positiveInteger, 8);

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('measure how many answers of a prompt are right')
    .argument('<file>', 'prompt file');
  return withStrategyOptions(withModelOptions(withDataOptions(command)))
    .option('--output <file>', 'write each row with its answer and chains here, as JSON Lines')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm prompt evaluate prompts/chain-of-thought.yaml --model runs/math --data rows.jsonl --limit 100\n' +
        '  $ tslm prompt evaluate prompts/self-consistency.yaml --base-url http://127.0.0.1:8000/v1 --tasks gsm8k --data-map gsm8k=data/gsm8k\n',
    )
    .action(async (path: string, options: Options) => {
      const file = await readPrompt(path, options);
      const { openPrompt } = await import('../../prompt/open-prompt.ts');
      await using completer = await openCompleter(options);
      await using open = await openPrompt(file, completer);
      const parts = await partsOf(open, options);
      await stoppable(async signal => {
        const scores: { name: string; score: PromptScore }[] = [];
        for (const { name, cases } of parts) {
          scores.push({ name, score: await scored(open, name, cases, options, signal) });
        }
        if (options.output) await writeCases(options.output, scores);
        const facts = { prompt: path, model: completer.name, strategy: open.strategy.name, seed: options.seed };
        if (options.json)
          printJson({ ...facts, results: scores.map(({ name, score }) => ({ name, ...scoreJson(score) })) });
        else printScores(scores);
      });
    });
}

/** A signal ends the work with its own exit code, and nothing is printed. */
export const stoppable = (body: (signal: AbortSignal) => Promise<void>): Promise<void> =>
  withSignals('stopping', signal => {
    // Every question that is worked on listens to it.
    setMaxListeners(0, signal);
    return body(signal);
  }).catch(error => {
    if (!process.exitCode) throw error;
  });

/** What is asked, by the name of file or task. */
export async function partsOf(open: OpenPrompt, options: DataOptions): Promise<{ name: string; cases: Case[] }[]> {
  const { data, tasks, limit } = options;
  if ((data === undefined) === (tasks === undefined)) {
    throw usageError(
      'TSLM_MISSING_OPTION',
      'rows or tasks are needed, one of the two',
      'give --data FILE or --tasks NAMES',
    );
  }
  if (data !== undefined) {
    const { casesOf } = await import('../../prompt/evaluate/evaluate-prompt.ts');
    const { readRows } = await import('../../prompt/examples/read-examples.ts');
    const rows = readRows(data).slice(0, limit);
    if (rows.length === 0) throw usageError('TSLM_NO_ROWS', `${data}: there are no rows`, 'give a file that has some');
    return [{ name: data, cases: casesOf(open, rows, data) }];
  }
  const { openTaskLibrary, ownTasks } = await import('../../evaluate/harness/task-library.ts');
  const { taskCases } = await import('../../prompt/evaluate/task-cases.ts');
  const library = openTaskLibrary([ownTasks, ...(options.includePath ?? [])]);
  const { numFewshot, filter } = options;
  const { generation } = open.file.options;
  const nodes = library.select(tasks!.split(',').map(name => name.trim()));
  return taskCases(nodes, { dataMap: dataMapOf(options.dataMap), numFewshot, filter, limit, generation }).map(
    ({ task, cases }) => ({ name: task, cases }),
  );
}

export async function scored(
  open: OpenPrompt,
  name: string,
  cases: readonly Case[],
  { concurrency, seed, budget }: Pick<Options, 'concurrency' | 'seed' | 'budget'>,
  signal: AbortSignal,
): Promise<PromptScore> {
  const { evaluatePrompt } = await import('../../prompt/evaluate/evaluate-prompt.ts');
  const progress = createProgress(name, { total: cases.length, unit: ' rows' });
  const onProgress = (done: number, _: number, right: number): void => progress.update(done, `${right} right`);
  try {
    return await evaluatePrompt(open, cases, { concurrency, seed, budget, signal, onProgress });
  } finally {
    progress.end();
  }
}

export const scoreJson = ({ cases: _, interval, ...score }: PromptScore): object => ({
  ...score,
  interval: { low: interval[0], high: interval[1], level: 0.95, method: 'Wilson' },
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function printScores(scores: readonly { name: string; score: PromptScore }[]): void {
  const rows = scores.map(({ name, score }) => [
    name,
    `${score.right} of ${score.rows}`,
    percent(score.accuracy),
    `[${percent(score.interval[0])}, ${percent(score.interval[1])}]`,
    String(score.unanswered),
    score.tokensComputed.toFixed(1),
    score.tokensNaive.toFixed(1),
    score.tokensWritten.toFixed(1),
    String(score.saved),
    score.seconds.toFixed(1),
  ]);
  const head = ['', 'right', 'accuracy', '95 %', 'no answer', 'tokens', 'naive', 'written', 'saved', 'seconds'];
  printRows([head, ...rows], { right: [2, 4, 5, 6, 7, 8, 9] });
}

async function writeCases(path: string, scores: readonly { name: string; score: PromptScore }[]): Promise<void> {
  const { writeFileAtomically } = await import('../../support/files.ts');
  const { resultJson } = await import('./run.ts');
  const lines = scores.flatMap(({ name, score }) =>
    score.cases.map(({ row, target, answer, isRight, result }) =>
      JSON.stringify({ name, row, target, right: isRight, ...resultJson(result), answer }),
    ),
  );
  writeFileAtomically(path, `${lines.join('\n')}\n`);
}
