/** `tslm bench …`: the speed of this machine's work beside what bounds it, and beside other programs that do the same. */
import { Command } from 'commander';
import { benchGenerateCommand, benchPrefillCommand } from './inference.ts';
import { benchOpsCommand } from './ops.ts';
import { benchTokenizeCommand } from './tokenize.ts';
import { benchTrainCommand } from './train.ts';

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure speed on this machine')
    .addCommand(benchTrainCommand())
    .addCommand(benchPrefillCommand())
    .addCommand(benchGenerateCommand())
    .addCommand(benchTokenizeCommand())
    .addCommand(benchOpsCommand())
    .addHelpText('after', '\nExample:\n  $ tslm bench train\n');
}
