/** `tslm prompt label FILE.yaml --data ROWS --output FILE`: a model's own solutions by whether they are right, for a verifier. */
import { Command } from 'commander';
import { createProgress } from '../../support/progress.ts';
import { nonNegativeInteger, positiveInteger, positiveNumber } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { type DataOptions, partsOf, stoppable, withDataOptions } from './evaluate.ts';
import { type ModelOptions, openCompleter, readPrompt, withModelOptions } from './options.ts';

interface Options extends ModelOptions, DataOptions {
  output: string;
  samples: number;
  temperature: number;
  rollouts: number;
  separator?: string;
  seed: number;
  json?: boolean;
}

export function labelCommand(): Command {
  const command = new Command('label')
    .description("label a model's own solutions right or wrong: what `tslm finetune` makes a verifier of")
    .argument('<file>', 'prompt file')
    .requiredOption('--output <file>', 'rows {text, label}, as JSON Lines');
  return withModelOptions(withDataOptions(command))
    .option('--samples <n>', 'solutions of each question', positiveInteger, 8)
    .option('--temperature <t>', 'of the draws', positiveNumber, 0.7)
    .option('--rollouts <n>', 'from each step: is any of them right? 0: whole solutions alone', nonNegativeInteger, 0)
    .option('--separator <text>', 'what ends a step (default: a line break)')
    .option('--seed <n>', 'of all that is drawn', nonNegativeInteger, 0)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm prompt label prompts/chain-of-thought.yaml --model runs/math --data train.jsonl --output verifier.jsonl\n',
    )
    .action(async (path: string, options: Options) => {
      const file = await readPrompt(path);
      const { openPrompt } = await import('../../prompt/open-prompt.ts');
      const { labelChains } = await import('../../prompt/evaluate/label-chains.ts');
      const { inTurns } = await import('../../prompt/evaluate/in-turns.ts');
      const { writeFileAtomically } = await import('../../support/files.ts');
      await using completer = await openCompleter(options);
      await using open = await openPrompt(file, completer);
      const cases = (await partsOf(open, options)).flatMap(part => part.cases);
      const { samples, temperature, rollouts, separator, concurrency } = options;
      await stoppable(async signal => {
        const progress = createProgress('labelling', { total: cases.length, unit: ' rows' });
        let done = 0;
        const found = await inTurns(cases, concurrency, async (one, i) => {
          const seed = options.seed * 1_000_003 + i;
          const rows = await labelChains(open, one, { samples, temperature, rollouts, separator, seed, signal });
          progress.update(++done);
          return rows;
        });
        progress.end();
        const rows = found.flat();
        writeFileAtomically(options.output, rows.map(row => `${JSON.stringify(row)}\n`).join(''));
        const right = rows.filter(({ label }) => label === 'right').length;
        if (options.json) printJson({ output: options.output, rows: rows.length, right, wrong: rows.length - right });
        else
          printTable([
            ['rows', `${rows.length}: ${right} right, ${rows.length - right} wrong`],
            ['verifier', `tslm finetune MODEL --data ${options.output}`],
          ]);
      });
    });
}
