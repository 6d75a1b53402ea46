/** `tslm resume RUN`: goes on where a run was interrupted. */
import { Command } from 'commander';
import { printRun } from './print.ts';
import { withSignals } from './signals.ts';
import { trainingView } from './training-view.ts';

export function resumeCommand(): Command {
  return new Command('resume')
    .description('go on with a run that was interrupted, as if it had not been')
    .argument('<run>', 'folder of the run')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm resume runs/shakespeare-char\n')
    .action(async (folder: string, options: { json?: boolean }) => {
      const { resumeRun } = await import('../train/run.ts');
      const result = await withSignals('stopping after this step and saving …', signal =>
        resumeRun(folder, { signal, hooks: trainingView(options) }),
      );
      await printRun(result, options);
    });
}
