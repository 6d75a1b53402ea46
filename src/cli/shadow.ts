/** `tslm shadow`: a revision that answers the same requests without being shown. */
import { Command } from 'commander';
import { usageError } from '../support/errors.ts';
import { printJson, printTable } from './print.ts';

const PATIENCE = 5000;

interface Options {
  start?: string;
  end?: boolean;
  json?: boolean;
}

export function shadowCommand(): Command {
  return new Command('shadow')
    .description('how a revision that answers in the shadow compares with what is shown; begins and ends that')
    .argument('<folder>', 'of a service that learns')
    .option('--start <revision>', 'let it answer in the shadow, by its id as `tslm history` prints it')
    .option('--end', 'let nothing answer in the shadow')
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm shadow learning/ --start fp_0123456789abcdef\n  $ tslm shadow learning/\n',
    )
    .action(async (folder: string, { start, end, json }: Options) => {
      if (start !== undefined && end) {
        throw usageError('TSLM_CONTRADICTION', '--start and --end are both given', 'leave one of them out');
      }
      const { lockRegistry, openRegistry } = await import('../online/registry/registry.ts');
      const { openStore } = await import('../online/store/store.ts');
      using store = openStore(folder, { mustExist: true });
      const registry = openRegistry(store);
      if (start !== undefined || end) {
        using _lock = lockRegistry(folder, PATIENCE);
        registry.shadow(start, 'by hand');
        if (json) printJson({ shadow: start ?? null });
        else process.stdout.write(`${start ?? 'nothing'} answers in the shadow\n`);
        return;
      }
      const revision = registry.alias('shadow');
      if (revision === undefined) {
        throw usageError(
          'TSLM_NOTHING_TO_DO',
          `${folder}: nothing answers in the shadow`,
          `tslm shadow ${folder} --start REVISION, or tslm learn ${folder} --then shadow`,
        );
      }
      const { readSafety, forbidden: forbiddenIn } = await import('../online/gate/safety.ts');
      const { shadowFigures } = await import('../online/shadow/compare.ts');
      const figures = shadowFigures(store, revision, forbiddenIn(readSafety(folder)));
      if (json) {
        printJson(figures);
        return;
      }
      const { compared, failed, same, likeness, length, logprob, forbidden, nearer } = figures;
      const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
      printTable([
        ['revision', revision],
        ['answers', `${compared} beside those that were shown, ${failed} failed`],
        ['the same', percent(same)],
        ['alike (chrF)', percent(likeness)],
        ['characters', `${length.shadow.toFixed(1)}, shown ${length.shown.toFixed(1)}`],
        ...(logprob
          ? ([['log-probability', `${logprob.shadow.toFixed(3)} a token, shown ${logprob.shown.toFixed(3)}`]] as const)
          : []),
        ['must not be written', `${forbidden.shadow}, shown ${forbidden.shown}`],
        ['nearer to a correction', `${nearer.shadow}, shown ${nearer.shown}`],
      ]);
    });
}
