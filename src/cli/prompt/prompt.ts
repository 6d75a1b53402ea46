/** `tslm prompt`: prompts from files put to a model, evaluated, compared, optimised. */
import { Command } from 'commander';
import { compareCommand } from './compare.ts';
import { evaluateCommand } from './evaluate.ts';
import { faithfulnessCommand } from './faithfulness.ts';
import { labelCommand } from './label.ts';
import { optimizeCommand } from './optimize.ts';
import { runCommand } from './run.ts';

export const promptCommand = (): Command =>
  new Command('prompt')
    .description('put a prompt to a model with a strategy of reasoning; evaluate, compare and optimise prompts')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm prompt run prompts/addition.yaml --model models/adder --set a=12 --set b=30\n',
    )
    .addCommand(runCommand())
    .addCommand(evaluateCommand())
    .addCommand(compareCommand())
    .addCommand(optimizeCommand())
    .addCommand(labelCommand())
    .addCommand(faithfulnessCommand());
