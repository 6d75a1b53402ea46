/** `tslm problems`: verifiable problems as rows, with and without their chains of thought (docs/REASONING.md). */
import { Command, Option } from 'commander';
import { FORMATS, type ProblemFormat } from '../data/problems/problem.ts';
import { nonNegativeInteger, positiveInteger, positiveNumber } from './options.ts';
import { printJson, printTable } from './print.ts';

interface Options {
  out: string;
  format: ProblemFormat;
  size?: number;
  minSize?: number;
  count: number;
  heldOut: number;
  testSize?: number[];
  drop?: number;
  smoothing?: number;
  seed: number;
  json?: boolean;
}

export function problemsCommand(): Command {
  return new Command('problems')
    .description('generate problems with verifiable answers, with or without chains of thought')
    .addCommand(listCommand())
    .addCommand(writeCommand())
    .addHelpText('after', '\nExample:\n  $ tslm problems list\n');
}

const listCommand = (): Command =>
  new Command('list')
    .description('list the problems, each with an example')
    .option('--json', 'print them as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm problems list\n')
    .action(async ({ json }: Options) => {
      const { PROBLEMS } = await import('../data/problems/tasks.ts');
      const { createRandom } = await import('../support/random.ts');
      const entries = Object.entries(PROBLEMS).map(([name, task]) => ({
        name,
        description: task.description,
        size: task.size,
        example: task.draw(createRandom(1), Math.min(3, task.size.default)),
      }));
      if (json) return printJson({ problems: entries });
      for (const { name, description, size, example } of entries) {
        process.stdout.write(`${name}: ${description}; --size: ${size.of}, default ${size.default}\n`);
        process.stdout.write(`    ${example.question}  ->  ${example.steps.join(' ')} # ${example.answer}\n`);
      }
    });

const writeCommand = (): Command =>
  new Command('write')
    .description('generate rows of a problem: train, validation, test and texts for a tokenizer')
    .argument('<problem>', 'what `tslm problems list` names')
    .requiredOption('--out <folder>', 'folder to write')
    .addOption(
      new Option('--format <name>', 'what is written: the answer, from its last digit, or after a chain')
        .choices(FORMATS)
        .default('direct'),
    )
    .option('--size <n>', 'size of a question (default: by the problem)', positiveInteger)
    .option('--min-size <n>', 'draw sizes from here to --size (default: --size)', positiveInteger)
    .option('--count <n>', 'rows to learn from', positiveInteger, 20_000)
    .option('--held-out <n>', 'rows of validation and of each test', positiveInteger, 500)
    .option(
      '--test-size <n>',
      'one more test, of this size; may be repeated',
      (value: string, before: number[] = []) => [...before, positiveInteger(value)],
    )
    .option('--drop <n>', 'characters that chains lose at their beginning, to internalise them', nonNegativeInteger)
    .option('--smoothing <lambda>', 'lose some more at random, by exp(-lambda n): removal smoothing', positiveNumber)
    .option('--seed <n>', 'of the questions', nonNegativeInteger, 0)
    .option('--json', 'print the counts as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm problems write parity --format chain --count 60000 --test-size 20 --out parity\n' +
        '  $ tslm problems write addition --format reversed --out sums\n',
    )
    .action(async (name: string, { out, json, testSize, ...options }: Options) => {
      const { writeProblems } = await import('../data/problems/write-problems.ts');
      const counts = writeProblems(out, name, { ...options, testSizes: testSize });
      if (json) return printJson({ problem: name, out, ...options, files: counts });
      printTable(Object.entries(counts).map(([file, rows]) => [`${out}/${file}`, `${rows} rows`]));
    });
