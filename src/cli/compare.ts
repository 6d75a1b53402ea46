/** `tslm compare A B`: recorded evaluations of models document by document, with paired tests. */
import { basename, dirname } from 'node:path';
import { Command } from 'commander';
import type { PairComparison } from '../evaluate/compare/comparison.ts';
import type { RecordedRun } from '../evaluate/compare/recorded-run.ts';
import { usageError } from '../support/errors.ts';
import { nonNegativeInteger, positiveInteger } from './options.ts';
import { printJson, printRows } from './print.ts';

interface Options {
  metrics?: string;
  cluster?: string;
  commonDocuments?: boolean;
  differentPrompts?: boolean;
  permutations?: number;
  seed?: number;
  json?: boolean;
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('compare evaluated models document by document: differences, intervals, p-values, and a sentence')
    .argument('<results...>', 'folders that `tslm evaluate --output` or lm_eval wrote, two or more')
    .option('--metrics <names>', 'which, with commas between them; all (default: the first of each task)')
    .option(
      '--cluster <field>',
      'documents with the same value of this field belong together; none: no two do (default: a passage that several share)',
    )
    .option('--common-documents', 'compare what both were asked, where one was asked more')
    .option('--different-prompts', 'compare although prompts differ: other examples, templates, a chat')
    .option(
      '--permutations <n>',
      'patterns of signs where there are too many to count (default: 10000)',
      positiveInteger,
    )
    .option('--seed <n>', 'of what is drawn (default: 1234)', nonNegativeInteger)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm compare results/small results/large --metrics acc,acc_norm\n')
    .action(async (paths: string[], { json, metrics, ...options }: Options) => {
      if (paths.length < 2) {
        throw usageError(
          'TSLM_MISSING_ARGUMENT',
          'there is nothing to compare with',
          'give the results of two models or more',
        );
      }
      const { readRecordedRun } = await import('../evaluate/compare/recorded-run.ts');
      const { compareRuns } = await import('../evaluate/compare/compare-runs.ts');
      const runs = paths.map(readRecordedRun);
      const asked = metrics === 'all' ? 'all' : metrics?.split(',').map(name => name.trim());
      const pairs = compareRuns(runs, namesOf(runs), { ...options, metrics: asked });
      if (json) printJson({ models: runs.map(({ model, path }) => ({ model, results: path })), level: 0.05, pairs });
      else for (const [i, pair] of pairs.entries()) printPair(pair, i > 0);
    });
}

/** Names that tell the runs apart: the last part of each model's, else the folders of the results. */
function namesOf(runs: readonly RecordedRun[]): string[] {
  const isDifferent = (names: readonly string[]): boolean => new Set(names).size === names.length;
  const short = runs.map(({ model }) => basename(model));
  if (isDifferent(short)) return short;
  const models = runs.map(({ model }) => model);
  return isDifferent(models) ? models : runs.map(({ path }) => dirname(path));
}

function printPair({ a, b, tasks, sentence }: PairComparison, isLater: boolean): void {
  const rows = tasks.map(task => [
    task.task,
    task.filter === 'none' ? task.metric : `${task.metric} (${task.filter})`,
    task.a.toFixed(4),
    task.b.toFixed(4),
    signed(task.difference),
    Number.isNaN(task.error) ? '' : `[${signed(task.interval[0])}, ${signed(task.interval[1])}]`,
    task.p.toFixed(4),
    task.adjustedP.toFixed(4),
    task.detectable > 0 ? task.detectable.toFixed(4) : '',
    task.clusters === undefined ? String(task.items) : `${task.items} in ${task.clusters}`,
    task.test,
  ]);
  const head = ['task', 'metric', a, b, 'difference', '95 %', 'p', 'Holm', 'detectable', 'documents', 'test'];
  if (isLater) process.stdout.write('\n');
  printRows([head, ...rows], { right: [2, 3, 4, 6, 7, 8, 9] });
  process.stdout.write(`\n${sentence}\n`);
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
