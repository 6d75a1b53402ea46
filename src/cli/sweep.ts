/** `tslm sweep SWEEP.yaml`: searches the keys of a recipe, trial by trial, and keeps the best as a run and a recipe. */
import { Command } from 'commander';
import { formatDuration } from '../support/format.ts';
import { positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';
import { withSignals } from './signals.ts';

interface Options {
  out?: string;
  parallel?: number;
  json?: boolean;
}

export function sweepCommand(): Command {
  return new Command('sweep')
    .description('search the keys of a recipe: random, grid, TPE; with early stopping, ASHA, Hyperband or a population')
    .argument('<sweep>', 'a YAML file; recipes/sweeps/quickstart.yaml explains every key')
    .option('--out <folder>', 'folder of the sweep, new or interrupted (default: sweeps/<name of the sweep>)')
    .option('--parallel <n>', 'trials at a time, each a process (default: as the sweep says)', positiveInteger)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm sweep recipes/sweeps/quickstart.yaml --parallel 2\n')
    .action(async (path: string, { out, parallel, json }: Options) => {
      const { readSweep } = await import('../runs/sweep/sweep-schema.ts');
      const { finishSweep } = await import('../runs/sweep/finish-sweep.ts');
      const { runSweep } = await import('../runs/sweep/run-sweep.ts');
      const sweep = readSweep(path);
      const folder = out ?? `sweeps/${sweep.name}`;
      const start = performance.now();
      const result = await withSignals('ending the trials, which save where they are …', signal =>
        runSweep(sweep, folder, {
          parallel,
          signal,
          hooks: {
            onTrial({ number, state, value, pausedAt, message }, best) {
              const what =
                pausedAt === undefined
                  ? value === undefined
                    ? state
                    : `${state} ${value.toFixed(4)}`
                  : `waits at step ${pausedAt}`;
              const told = best ? `; best ${best.value!.toFixed(4)} (trial ${best.number})` : '';
              process.stderr.write(`trial ${number}: ${what}${message === undefined ? '' : `: ${message}`}${told}\n`);
            },
          },
        }),
      );
      const summary = await finishSweep(sweep, result);
      if (json) {
        printJson(summary);
        return;
      }
      const { best, final, counts, importance } = summary;
      printTable([
        [
          result.finished ? 'finished' : 'stopped',
          `${counts.complete} trials to the end, ${counts.pruned} stopped early, ${counts.failed} failed, in ${formatDuration((performance.now() - start) / 1000)}`,
        ],
        ['best', best ? `${summary.metric} ${best.value.toFixed(4)}, trial ${best.trial}` : '–'],
        ...(best ? Object.entries(best.values).map(([name, value]) => [name, JSON.stringify(value)] as const) : []),
        ...(final
          ? ([
              [`on ${final.on}`, `${final.metric} ${final.value.toFixed(4)}: data that the search has not seen`],
            ] as const)
          : []),
        ...(importance.length > 0
          ? ([
              [
                'what matters',
                importance.map(({ name, importance: share }) => `${name} ${(100 * share).toFixed(0)} %`).join(', '),
              ],
            ] as const)
          : []),
        ...(best
          ? ([
              ['run', best.run],
              ['recipe', best.recipe],
            ] as const)
          : []),
        ['report', summary.report],
        ...(result.finished
          ? []
          : ([['go on', `tslm sweep ${path}${out === undefined ? '' : ` --out ${out}`}`]] as const)),
      ]);
    });
}
