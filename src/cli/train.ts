/** `tslm train RECIPE`: a training run from a recipe. */
import { Command } from 'commander';
import type { Recipe } from '../runs/recipe-schema.ts';
import { createProgress } from '../support/progress.ts';
import { collect, positiveInteger } from './options.ts';
import { printJson, printRun, printTable } from './print.ts';
import { withSignals } from './signals.ts';
import { wantsColour } from './tokenizer/compare.ts';
import { lrPlot } from './views/lr-plot.ts';
import { maskText } from './views/mask-view.ts';
import { trainingView } from './views/training-view.ts';

interface Options {
  out?: string;
  set?: string[];
  showMask?: number;
  findLr?: number | true;
  json?: boolean;
}

export function trainCommand(): Command {
  return new Command('train')
    .description('train a model as a recipe says')
    .argument('<recipe>', 'a YAML file; see recipes/')
    .option('--out <folder>', 'folder of the run (default: runs/<name of the recipe>)')
    .option('--set <path=value>', 'override a key of the recipe; may be repeated', collect)
    .option(
      '--show-mask <count>',
      'print this many examples with what is learnt of them, and do not train',
      positiveInteger,
    )
    .option(
      '--find-lr [steps]',
      'train 100 steps (or this many) with a learning rate that grows, plot the loss over it, and keep nothing',
      positiveInteger,
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm train recipes/shakespeare-char.yaml --set data.corpus=corpora/shakespeare --set train.steps=500\n' +
        '  $ tslm train recipes/shakespeare-char.yaml --find-lr\n',
    )
    .action(async (recipePath: string, options: Options) => {
      const { readRecipe } = await import('../runs/recipe.ts');
      const recipe = readRecipe(recipePath, options.set ?? []);
      if (options.showMask !== undefined) return await showMask(recipe, options.showMask, options);
      if (options.findLr !== undefined) return await findLearningRate(recipe, options.findLr, options);
      const { startRun } = await import('../runs/run.ts');
      const folder = options.out ?? `runs/${recipe.name}`;
      const result = await withSignals('stopping and saving; once more to end at once …', signal =>
        startRun(recipe, folder, { signal, hooks: trainingView(options) }),
      );
      await printRun(result, options);
    });
}

async function findLearningRate(recipe: Recipe, given: number | true, { json }: { json?: boolean }): Promise<void> {
  const { findLr } = await import('../runs/find-lr.ts');
  const steps = given === true ? undefined : given;
  const progress = createProgress('learning rates', { total: steps ?? 100, unit: ' steps' });
  const range = await withSignals('stopping …', signal =>
    findLr(recipe, { steps, signal, onStep: step => progress.update(step) }),
  );
  progress.end();
  if (json) return printJson(range);
  process.stdout.write(lrPlot(range));
  const { steepest, lowest } = range;
  printTable([
    ['steepest', `${steepest.toPrecision(2)}   where the loss falls fastest (▲)`],
    [
      'lowest',
      `${lowest.toPrecision(2)}   where it stops falling (┴); a tenth of that: ${(lowest / 10).toPrecision(2)}`,
    ],
    ['recipe', `optimizer.lr=${recipe.optimizer.lr}`],
    ['try', `--set optimizer.lr=${Number(Math.min(steepest, lowest / 10).toPrecision(1))}, and a few times that`],
  ]);
}

async function showMask(recipe: Recipe, count: number, { json }: { json?: boolean }): Promise<void> {
  const { shownExamples } = await import('../runs/show-mask.ts');
  const { examples, notes } = await shownExamples(recipe, count);
  for (const note of notes) process.stderr.write(`${note}\n`);
  if (json) printJson(examples);
  else process.stdout.write(examples.map(one => maskText(one, wantsColour())).join('\n'));
}
