/** `tslm train RECIPE`: a training run from a recipe. */
import { Command } from 'commander';
import { collect } from './options.ts';
import { printRun } from './print.ts';
import { withSignals } from './signals.ts';
import { trainingView } from './views/training-view.ts';

export function trainCommand(): Command {
  return new Command('train')
    .description('train a model as a recipe says')
    .argument('<recipe>', 'a YAML file; see recipes/')
    .option('--out <folder>', 'folder of the run (default: runs/<name of the recipe>)')
    .option('--set <path=value>', 'override a key of the recipe; may be repeated', collect)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm train recipes/shakespeare-char.yaml --set data.corpus=corpora/shakespeare --set train.steps=500\n',
    )
    .action(async (recipePath: string, options: { out?: string; set?: string[]; json?: boolean }) => {
      const { readRecipe } = await import('../runs/recipe.ts');
      const recipe = readRecipe(recipePath, options.set ?? []);
      const { startRun } = await import('../runs/run.ts');
      const folder = options.out ?? `runs/${recipe.name}`;
      const result = await withSignals('stopping and saving; once more to end at once …', signal =>
        startRun(recipe, folder, { signal, hooks: trainingView(options) }),
      );
      await printRun(result, options);
    });
}
