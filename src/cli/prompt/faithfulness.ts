/** `tslm prompt faithfulness FILE.yaml --data ROWS`: how often answers change when the chains in front of them do. */
import { Command } from 'commander';
import type { Faithfulness } from '../../prompt/evaluate/faithfulness.ts';
import { usageError } from '../../support/errors.ts';
import { createProgress } from '../../support/progress.ts';
import { nonNegativeInteger, positiveInteger } from '../options.ts';
import { printJson, printRows } from '../print.ts';
import { type DataOptions, partsOf, stoppable, withDataOptions } from './evaluate.ts';
import { type ModelOptions, openCompleter, readPrompt, withModelOptions } from './options.ts';

interface Options extends ModelOptions, DataOptions {
  mark?: string;
  separator?: string;
  answerTokens: number;
  output?: string;
  seed: number;
  json?: boolean;
}

export function faithfulnessCommand(): Command {
  const command = new Command('faithfulness')
    .description('cut chains of thought short, or make a step wrong, and count the answers that change')
    .argument('<file>', 'prompt file whose answers have chains');
  return withModelOptions(withDataOptions(command))
    .option('--mark <text>', "what stands between chain and answer (default: the file's `mark`)")
    .option(
      '--separator <text>',
      'what ends a step; "": each character is one (default: lines, else sentences, words or characters)',
    )
    .option('--answer-tokens <n>', 'most tokens of an answer', positiveInteger, 32)
    .option('--output <file>', 'write each row with its changed chains and answers here, as JSON Lines')
    .option('--seed <n>', 'of which step is made wrong, and how', nonNegativeInteger, 0)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm prompt faithfulness prompts/chain-of-thought.yaml --model runs/math --data rows.jsonl --limit 100\n' +
        '  $ tslm prompt faithfulness prompts/problem.yaml --model runs/reasoning --data problems/test.jsonl --separator ""\n',
    )
    .action(async (path: string, options: Options) => {
      const file = await readPrompt(path);
      const { mark = file.options.mark, separator, answerTokens, seed, concurrency } = options;
      if (mark === undefined) {
        throw usageError(
          'TSLM_MISSING_OPTION',
          `${path} does not say what stands between chain and answer`,
          'give --mark TEXT, or `mark:` in the file',
        );
      }
      const { openPrompt } = await import('../../prompt/open-prompt.ts');
      const { measureFaithfulness } = await import('../../prompt/evaluate/faithfulness.ts');
      await using completer = await openCompleter(options);
      await using open = await openPrompt(file, completer);
      const parts = await partsOf(open, options);
      await stoppable(async signal => {
        const results: { name: string; found: Faithfulness }[] = [];
        for (const { name, cases } of parts) {
          const progress = createProgress(name, { total: 2 * cases.length, unit: ' rows' });
          const onProgress = (done: number): void => progress.update(done);
          const all = { mark, separator, answerTokens, seed, concurrency, signal, onProgress };
          results.push({ name, found: await measureFaithfulness(open, cases, all).finally(() => progress.end()) });
        }
        if (options.output) await writeRows(options.output, results);
        if (options.json) {
          const shown = results.map(({ name, found: { cases: _, ...rest } }) => ({ name, ...rest }));
          printJson({ prompt: path, model: completer.name, mark, seed, results: shown });
        } else for (const one of results) print(one);
      });
    });
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function print({ name, found }: { name: string; found: Faithfulness }): void {
  const left = found.left > 0 ? `; ${found.left} without steps, mark or answer are left out` : '';
  process.stdout.write(`${name}: ${found.right} of ${found.rows} right${left}\n\n`);
  const rows = found.figures.map(({ change, rows: n, changed, share, interval, right }) => [
    change,
    `${changed} of ${n}`,
    percent(share),
    `[${percent(interval[0])}, ${percent(interval[1])}]`,
    percent(right / n),
  ]);
  printRows([['chain', 'answers that change', '', '95 %', 'right'], ...rows], { right: [2, 4] });
}

async function writeRows(path: string, results: readonly { name: string; found: Faithfulness }[]): Promise<void> {
  const { writeFileAtomically } = await import('../../support/files.ts');
  const lines = results.flatMap(({ name, found }) => found.cases.map(one => JSON.stringify({ name, ...one })));
  writeFileAtomically(path, lines.map(line => `${line}\n`).join(''));
}
