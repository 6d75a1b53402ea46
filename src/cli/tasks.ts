/** `tslm tasks`: the task files that `evaluate --tasks` knows: which there are, what one says, and whether they hold together. */
import { Command } from 'commander';
import type { EvaluateOptions } from '../evaluate/harness/evaluate-tasks.ts';
import type { Node, TaskLibrary } from '../evaluate/harness/task-library.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { dataMapOf } from './evaluate-tasks.ts';
import { collect, nonNegativeInteger, positiveInteger } from './options.ts';
import { printJson } from './print.ts';

interface Options {
  includePath?: string[];
  dataMap?: string[];
  prompts?: number;
  numFewshot?: number;
  json?: boolean;
}

const INCLUDE = ['--include-path <folder>', 'more task files; may be repeated', collect] as const;
const DATA_MAP = [
  '--data-map <name=path>',
  'where data lies that tasks call by a name; *=FOLDER: a folder with one for each; may be repeated',
  collect,
] as const;

export function tasksCommand(): Command {
  return new Command('tasks')
    .description('the tasks of `tslm evaluate`: list them, show one, check task files')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(validateCommand())
    .addHelpText('after', '\nExample:\n  $ tslm tasks list\n');
}

async function openLibrary({ includePath = [] }: Options): Promise<TaskLibrary> {
  const { openTaskLibrary, ownTasks } = await import('../evaluate/harness/task-library.ts');
  return openTaskLibrary([ownTasks, ...includePath]);
}

const listCommand = (): Command =>
  new Command('list')
    .description('tasks, groups and tags by name')
    .option(...INCLUDE)
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm tasks list --include-path my-tasks\n')
    .action(async (options: Options) => {
      const library = await openLibrary(options);
      const entries = [...library.entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      if (options.json) {
        printJson({ tasks: entries });
        return;
      }
      const width = Math.max(0, ...entries.map(({ name }) => name.length));
      for (const { name, kind, path, tasks } of entries) {
        process.stdout.write(`${name.padEnd(width)}  ${kind.padEnd(5)}  ${path ?? tasks!.join(', ')}\n`);
      }
    });

const showCommand = (): Command =>
  new Command('show')
    .description('what a task says, with what it includes; its first prompts')
    .argument('<name>', 'a task, a group, a tag or a task file')
    .option(...INCLUDE)
    .option(...DATA_MAP)
    .option('--prompts <n>', 'show what a model is asked about the first n documents', positiveInteger)
    .option('--num-fewshot <n>', 'examples before each document (default: as the task says)', nonNegativeInteger)
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm tasks show blimp_transitive --data-map blimp=data/blimp --prompts 2\n')
    .action(async (name: string, options: Options) => {
      const { stringify } = await import('yaml');
      const { tasksBelow } = await import('../evaluate/harness/task-library.ts');
      const { configOf } = await import('../evaluate/harness/results.ts');
      const nodes = (await openLibrary(options)).select([name]);
      const shown = nodes.map(({ config }) => configOf(config));
      const { prompts: limit } = options;
      const prompts = limit === undefined ? [] : await promptsOf(nodes, { ...asked(options), limit });
      if (options.json) {
        printJson({
          tasks: tasksBelow(nodes).map(task => task.name),
          configs: shown,
          ...(limit !== undefined && { prompts }),
        });
        return;
      }
      process.stdout.write(shown.map(config => stringify(config)).join('---\n'));
      for (const { task, document, requests } of prompts) {
        process.stdout.write(
          `\n${task}, document ${document}\n${requests.map(request => `  ${JSON.stringify(request)}\n`).join('')}`,
        );
      }
    });

const validateCommand = (): Command =>
  new Command('validate')
    .description('check task files; with their data, every prompt, too')
    .argument('<names...>', 'tasks, groups, tags, patterns or task files')
    .option(...INCLUDE)
    .option(...DATA_MAP)
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nWithout the data only the files are checked. The exit code is 0 only if everything is right.\n' +
        '\nExample:\n  $ tslm tasks validate multi30k_en_de --data-map multi30k=data/multi30k\n',
    )
    .action(async (names: string[], options: Options) => {
      const { tasksBelow } = await import('../evaluate/harness/task-library.ts');
      const { metricsOf } = await import('../evaluate/harness/task-metrics.ts');
      const { createFilter } = await import('../evaluate/harness/filters.ts');
      const library = await openLibrary(options);
      const found: { name: string; problem?: string; documents?: number }[] = [];
      for (const name of names) {
        await noting(found, name, async () => {
          for (const node of tasksBelow(library.select([name]))) {
            await noting(found, node.name, async () => {
              metricsOf(node.config, node.path, node.twins);
              for (const { filter } of node.config.filter_list ?? []) createFilter(filter, node.path);
              const hasData =
                options.dataMap !== undefined || ['json', 'csv', 'text'].includes(node.config.dataset_path ?? '');
              if (!hasData) return undefined;
              return new Set((await promptsOf([node], asked(options))).map(({ document }) => document)).size;
            });
          }
          return undefined;
        });
      }
      const problems = found.filter(({ problem }) => problem !== undefined);
      if (options.json) printJson({ valid: problems.length === 0, tasks: found });
      else {
        for (const { name, problem, documents } of found) {
          const right = documents === undefined ? 'the file is right' : `${documents} documents`;
          process.stdout.write(`${name}  ${problem ?? right}\n`);
        }
      }
      process.exitCode = problems.length === 0 ? 0 : 1;
    });

/** What is wrong becomes a line of its own. */
async function noting(
  found: { name: string; problem?: string; documents?: number }[],
  name: string,
  check: () => Promise<number | undefined>,
): Promise<void> {
  const before = found.length;
  try {
    const documents = await check();
    if (found.length === before) found.push({ name, documents });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    found.push({ name, problem: messageOf(error) });
  }
}

const asked = ({ dataMap, numFewshot }: Options): EvaluateOptions => ({ dataMap: dataMapOf(dataMap), numFewshot });

async function promptsOf(nodes: readonly Node[], options: EvaluateOptions) {
  const { promptsFor } = await import('../evaluate/harness/evaluate-tasks.ts');
  return promptsFor(nodes, options);
}
