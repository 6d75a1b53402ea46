/** `tslm prompt compare A.yaml B.yaml --data ROWS`: two prompts or more on the same rows, with a paired test. */
import { Command } from 'commander';
import type { PromptScore } from '../../prompt/evaluate/evaluate-prompt.ts';
import { usageError } from '../../support/errors.ts';
import { nonNegativeInteger, positiveInteger } from '../options.ts';
import { printJson } from '../print.ts';
import { type DataOptions, partsOf, printScores, scored, scoreJson, stoppable, withDataOptions } from './evaluate.ts';
import { type ModelOptions, openCompleter, readPrompt, withModelOptions } from './options.ts';

interface Options extends ModelOptions, DataOptions {
  seed: number;
  budget?: number;
  json?: boolean;
}

export function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare prompts on the same rows: accuracy, tokens, and whether the difference is more than chance')
    .argument('<files...>', 'prompt files, two or more');
  return withModelOptions(withDataOptions(command))
    .option('--seed <n>', 'of all that is drawn', nonNegativeInteger, 0)
    .option('--budget <tokens>', 'most tokens that are written for a question', positiveInteger)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm prompt compare prompts/direct.yaml prompts/chain-of-thought.yaml --model runs/math --data rows.jsonl\n',
    )
    .action(async (paths: string[], options: Options) => {
      if (paths.length < 2)
        throw usageError('TSLM_MISSING_ARGUMENT', 'there is nothing to compare with', 'give two files or more');
      const files = await Promise.all(paths.map(path => readPrompt(path)));
      const { openPrompt } = await import('../../prompt/open-prompt.ts');
      const { comparePrompts } = await import('../../prompt/evaluate/compare-prompts.ts');
      await using completer = await openCompleter(options);
      await stoppable(async signal => {
        const scores: { name: string; score: PromptScore; part: string }[] = [];
        for (const [i, file] of files.entries()) {
          await using open = await openPrompt(file, completer);
          for (const { name: part, cases } of await partsOf(open, options)) {
            scores.push({ name: paths[i], part, score: await scored(open, paths[i], cases, options, signal) });
          }
        }
        const parts = [...new Set(scores.map(({ part }) => part))];
        const pairs = parts.flatMap(part => {
          const own = scores.filter(score => score.part === part);
          return own.flatMap((a, i) =>
            own.slice(i + 1).map(b => ({
              part,
              prompts: [a.name, b.name] as const,
              ...comparePrompts([a.name, a.score], [b.name, b.score]),
            })),
          );
        });
        if (options.json) {
          printJson({
            model: completer.name,
            results: scores.map(({ name, part, score }) => ({ prompt: name, data: part, ...scoreJson(score) })),
            pairs,
          });
          return;
        }
        for (const part of parts) {
          printScores(scores.filter(score => score.part === part));
          process.stdout.write('\n');
          for (const pair of pairs.filter(one => one.part === part)) {
            const [low, high] = pair.interval.map(value => (100 * value).toFixed(1));
            process.stdout.write(
              `${pair.prompts.join(' − ')}: ${(100 * pair.difference).toFixed(1)} points [${low}, ${high}], only the one right ${pair.onlyA}, only the other ${pair.onlyB}. ${pair.sentence}\n`,
            );
          }
        }
      });
    });
}
