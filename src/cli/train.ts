/** `tslm train RECIPE`: a training run from a recipe. */
import { Command } from 'commander';
import type { Recipe } from '../runs/recipe-schema.ts';
import { collect, positiveInteger } from './options.ts';
import { printJson, printRun } from './print.ts';
import { withSignals } from './signals.ts';
import { wantsColour } from './tokenizer/compare.ts';
import { maskText } from './views/mask-view.ts';
import { trainingView } from './views/training-view.ts';

export function trainCommand(): Command {
  return new Command('train')
    .description('train a model as a recipe says')
    .argument('<recipe>', 'a YAML file; see recipes/')
    .option('--out <folder>', 'folder of the run (default: runs/<name of the recipe>)')
    .option('--set <path=value>', 'override a key of the recipe; may be repeated', collect)
    .option(
      '--show-mask <count>',
      'print so many examples with what is learnt of them, and do not train',
      positiveInteger,
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm train recipes/shakespeare-char.yaml --set data.corpus=corpora/shakespeare --set train.steps=500\n',
    )
    .action(
      async (recipePath: string, options: { out?: string; set?: string[]; showMask?: number; json?: boolean }) => {
        const { readRecipe } = await import('../runs/recipe.ts');
        const recipe = readRecipe(recipePath, options.set ?? []);
        if (options.showMask !== undefined) return await showMask(recipe, options.showMask, options);
        const { startRun } = await import('../runs/run.ts');
        const folder = options.out ?? `runs/${recipe.name}`;
        const result = await withSignals('stopping and saving; once more to end at once …', signal =>
          startRun(recipe, folder, { signal, hooks: trainingView(options) }),
        );
        await printRun(result, options);
      },
    );
}

async function showMask(recipe: Recipe, count: number, { json }: { json?: boolean }): Promise<void> {
  const { shownExamples } = await import('../runs/show-mask.ts');
  const { examples, notes } = await shownExamples(recipe, count);
  for (const note of notes) process.stderr.write(`${note}\n`);
  if (json) printJson(examples);
  else process.stdout.write(examples.map(one => maskText(one, wantsColour())).join('\n'));
}
