/** `tslm resume RUN`: goes on where a run was interrupted. */
import { Command } from 'commander';
import { collect } from './options.ts';
import { printJson, printRun, printTable } from './print.ts';
import { withSignals } from './signals.ts';
import { scoreLines } from './views/score-lines.ts';
import { trainingView } from './views/training-view.ts';

export function resumeCommand(): Command {
  return new Command('resume')
    .description(
      'resume an interrupted run, with the same results as without the interruption, or extend a finished one',
    )
    .argument('<run>', 'folder of the run')
    .option(
      '--set <path=value>',
      'change a key of the recipe: steps, batch, learning rate, schedule, intervals …; may be repeated',
      collect,
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm resume runs/shakespeare-char\n  $ tslm resume runs/shakespeare-char --set train.steps=4000\n',
    )
    .action(async (folder: string, { set, json }: { set?: string[]; json?: boolean }) => {
      const { resumeRun } = await import('../runs/run.ts');
      const result = await withSignals('stopping and saving; once more to end at once …', signal =>
        resumeRun(folder, { set, signal, hooks: trainingView({ json }) }),
      );
      const { finetuningOf, finishFinetune } = await import('../runs/finetune/finish.ts');
      const finetuning = result.finished ? finetuningOf(folder) : undefined;
      if (finetuning === undefined) {
        await printRun(result, { json });
        return;
      }
      const scores = await finishFinetune(result, finetuning);
      if (json) {
        printJson({ ...result, kind: finetuning.kind, scores });
        return;
      }
      await printRun(result);
      printTable([...scoreLines(scores), ['card', `${folder}/model/README.md`]]);
    });
}
