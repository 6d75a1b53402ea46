/** `tslm prompt optimize FILE.yaml --data ROWS --output FOLDER`: better examples and instructions by search. */
import { Command, Option } from 'commander';
import { usageError } from '../../support/errors.ts';
import { nonNegativeInteger, positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { printScores, scoreJson, stoppable } from './evaluate.ts';
import { type ModelOptions, openCompleter, readPrompt, withModelOptions } from './options.ts';

interface Options extends ModelOptions {
  data: string;
  test?: string;
  limit?: number;
  output: string;
  optimizer: 'labelled' | 'bootstrap' | 'random-search' | 'mipro' | 'gepa';
  trials: number;
  bootstrapped: number;
  labelled: number;
  minibatch: number;
  propose?: boolean;
  reflector?: string;
  reflectorUrl?: string;
  language: 'en' | 'zh';
  maxTokens?: number;
  concurrency: number;
  seed: number;
  json?: boolean;
}

export function optimizeCommand(): Command {
  const command = new Command('optimize')
    .description('search for better examples and instructions; the best is judged on rows that the search has not seen')
    .argument('<file>', 'prompt file')
    .requiredOption('--data <rows>', 'rows with right answers, to make examples of and to score candidates on')
    .requiredOption(
      '--output <folder>',
      'of the result, the trials, and the answers: the same command goes on with these',
    )
    .option('--test <rows>', 'rows to judge the best on (default: a third of --data)')
    .option('--limit <n>', 'only the first n rows of --data', positiveInteger);
  return withModelOptions(command)
    .addOption(
      new Option('--optimizer <name>', 'what is searched for and how')
        .choices(['labelled', 'bootstrap', 'random-search', 'mipro', 'gepa'])
        .default('random-search'),
    )
    .option('--trials <n>', 'candidates; of gepa reflections', positiveInteger, 16)
    .option('--bootstrapped <n>', "most examples that are the model's own solutions", nonNegativeInteger, 4)
    .option('--labelled <n>', 'most examples in all', nonNegativeInteger, 16)
    .option('--minibatch <n>', 'of mipro: rows that a trial is scored on', positiveInteger, 35)
    .option('--propose', 'of mipro: the model proposes instructions, too')
    .option('--reflector <model>', 'of gepa: the capable model that reads what went wrong and writes instructions')
    .option('--reflector-url <url>', "of gepa: where that model is, with OpenAI's API, up to and with /v1")
    .addOption(new Option('--language <name>', 'of instructions').choices(['en', 'zh']).default('en'))
    .option('--max-tokens <n>', 'most tokens of prompts and answers together', positiveInteger)
    .option('--concurrency <n>', 'questions that are worked on at once', positiveInteger, 8)
    .option('--seed <n>', 'of all that is drawn', nonNegativeInteger, 0)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm prompt optimize prompts/chain-of-thought.yaml --model runs/math --data rows.jsonl --output prompts/best --max-tokens 2000000\n',
    )
    .action(async (path: string, options: Options) => {
      if (options.propose && options.optimizer !== 'mipro') {
        throw usageError('TSLM_UNUSED_OPTION', '--propose goes with --optimizer mipro', 'leave it out');
      }
      const isReflected = options.reflector !== undefined || options.reflectorUrl !== undefined;
      if (isReflected !== (options.optimizer === 'gepa')) {
        throw isReflected
          ? usageError('TSLM_UNUSED_OPTION', '--reflector goes with --optimizer gepa', 'leave it out')
          : usageError(
              'TSLM_NO_REFLECTOR',
              'gepa takes a capable model that reflects on what went wrong',
              'name it with --reflector-url, --reflector, or both',
            );
      }
      const file = await readPrompt(path);
      const { readRows } = await import('../../prompt/examples/read-examples.ts');
      const { splitRows } = await import('../../prompt/optimize/split-rows.ts');
      const { optimizePrompt } = await import('../../prompt/optimize/optimize.ts');
      const rows = readRows(options.data).slice(0, options.limit);
      const split = splitRows(rows, options.test === undefined ? undefined : readRows(options.test), {
        seed: options.seed,
        where: options.data,
      });
      await using completer = await openCompleter(options);
      const { reflectorUrl: baseUrl, dtype } = options;
      await using reflector = isReflected
        ? await openCompleter({ model: options.reflector, baseUrl, dtype })
        : undefined;
      await stoppable(async signal => {
        const { propose: proposes, reflector: _, reflectorUrl: __, ...rest } = options;
        const onNote = (note: string): void => void process.stderr.write(`${note}\n`);
        const found = await optimizePrompt(file, completer, { ...rest, ...split, proposes, reflector, signal, onNote });
        const { judgement } = found;
        if (options.json) {
          printJson({
            ...found,
            judgement: judgement && {
              before: scoreJson(judgement.before),
              after: scoreJson(judgement.after),
              comparison: judgement.comparison,
            },
          });
          return;
        }
        if (judgement) {
          printScores([
            { name: 'as it was', score: judgement.before },
            { name: 'the best', score: judgement.after },
          ]);
          process.stdout.write(`\n${judgement.comparison.sentence}\n`);
        }
        printTable([
          ['prompt', found.path],
          [
            'found',
            `${found.best.note}: ${(100 * found.best.accuracy).toFixed(1)} %, before ${(100 * found.before).toFixed(1)} %`,
          ],
          ['tokens', `${found.spentTokens} of about ${found.projectedTokens} that were projected`],
          ...(judgement ? [] : ([['judged', 'no: the cap was spent']] as const)),
        ]);
      });
    });
}
