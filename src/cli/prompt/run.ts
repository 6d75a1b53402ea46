/** `tslm prompt run FILE.yaml`: one question, its answer, and with `--show` what the model was asked. */
import { Command } from 'commander';
import type { PromptText } from '../../prompt/completer.ts';
import type { StrategyResult } from '../../prompt/strategies/run-strategy.ts';
import type { StrategyEvent } from '../../prompt/strategies/session.ts';
import { usageError } from '../../support/errors.ts';
import { collect } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { withSignals } from '../signals.ts';
import {
  type ModelOptions,
  openCompleter,
  pairOf,
  readPrompt,
  type StrategyOptions,
  withModelOptions,
  withStrategyOptions,
} from './options.ts';

interface Options extends ModelOptions, StrategyOptions {
  set?: string[];
  show?: boolean;
  stream?: boolean;
  json?: boolean;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('ask one question')
    .argument('<file>', 'prompt file (docs/PROMPTS.md)')
    .option('--set <field=value>', 'a field of the prompt; may be repeated', collect)
    .option('--show', 'print what the model is asked; without a model nothing is asked')
    .option('--stream', 'print texts on stderr as they grow')
    .option('--json', 'print the result as JSON');
  return withStrategyOptions(withModelOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm prompt run prompts/chain-of-thought.yaml --set question="What is 2 + 3?" --show\n' +
        '  $ tslm prompt run prompts/self-consistency.yaml --model runs/math --set question="What is 2 + 3?" --option samples=8\n',
    )
    .action(async (path: string, options: Options) => {
      const file = await readPrompt(path, options);
      const { openPrompt } = await import('../../prompt/open-prompt.ts');
      const fields = Object.fromEntries((options.set ?? []).map(pairOf));
      const missing = Object.keys(file.options.fields).find(name => !(name in fields));
      if (missing !== undefined) {
        throw usageError(
          'TSLM_MISSING_OPTION',
          `${path}: the field '${missing}' is not given`,
          `add --set ${missing}=VALUE`,
        );
      }
      const isAsked = options.model !== undefined || options.baseUrl !== undefined;
      if (!isAsked && !options.show) {
        throw usageError('TSLM_MISSING_OPTION', 'no model is given', 'give --model FOLDER, --base-url URL, or --show');
      }
      if (!isAsked) {
        const { scriptedCompleter } = await import('../../prompt/completers/scripted.ts');
        await using open = await openPrompt(
          file,
          scriptedCompleter(() => ''),
        );
        const { prompt } = await open.problem(fields, path);
        if (options.json) printJson({ prompt });
        else process.stdout.write(`${shown(prompt)}\n`);
        return;
      }
      await using completer = await openCompleter(options);
      await using open = await openPrompt(file, completer);
      await withSignals('', async signal => {
        const problem = await open.problem(fields, path, signal);
        const result = await open.solve(problem, {
          seed: options.seed,
          budget: options.budget,
          signal,
          onEvent: options.stream ? streamed() : undefined,
        });
        if (options.json) printJson({ ...resultJson(result), ...(options.show && { prompt: problem.prompt }) });
        else {
          if (options.show) process.stdout.write(`${shown(problem.prompt)}\n\n`);
          printResult(result);
        }
      }).catch(error => {
        if (!process.exitCode) throw error;
      });
    });
}

const shown = (prompt: PromptText): string =>
  typeof prompt === 'string'
    ? prompt
    : prompt.map(({ role, content }) => `[${role}]\n${String(content ?? '')}`).join('\n\n');

/** Of each request what its first text got since it was last told of. */
function streamed(): (event: StrategyEvent) => void {
  const told = new Map<number, number>();
  return event => {
    if (event.type === 'step') process.stderr.write(`\n· ${event.note}\n`);
    if (event.type !== 'text' || event.index > 0) return;
    process.stderr.write(event.text.slice(told.get(event.request) ?? 0));
    told.set(event.request, event.text.length);
  };
}

export const resultJson = ({ answer, chains, votes, tokens, saved, tree, isCut }: StrategyResult): object => ({
  answer: answer?.value ?? null,
  votes,
  tokens,
  saved,
  cut: isCut,
  chains: chains.map(chain => ({ ...chain, answer: chain.answer?.key ?? null })),
  ...(tree && { tree }),
});

function printResult({ answer, chains, votes, tokens, saved, isCut }: StrategyResult): void {
  const last = chains.at(-1)?.text.trim();
  if (last && chains.length === 1) process.stdout.write(`${last}\n\n`);
  const counted = votes.map(({ answer: key, count, weight }) =>
    weight === count ? `${key} (${count})` : `${key} (${count}, weight ${weight.toFixed(2)})`,
  );
  printTable([
    ['answer', answer?.key ?? 'none was found'],
    ...(votes.length > 1 ? ([['votes', counted.join(', ')]] as const) : []),
    ['tokens', `${tokens.computed} computed, ${tokens.naive} without a shared prefix; ${tokens.written} written`],
    ...(saved > 0 ? ([['saved', `${saved} samples`]] as const) : []),
    ...(isCut ? ([['budget', 'spent before the strategy came to its end']] as const) : []),
  ]);
}
