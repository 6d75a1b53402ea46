/** `tslm bench train`: the speed of training beside this machine's ceiling. */
import { Command, Option } from 'commander';
import { formatBytes, formatCount } from '../support/format.ts';
import type { ThroughputOptions } from '../train/throughput.ts';
import { dtypeOf, PRECISIONS, positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';

type TrainOptions = Omit<ThroughputOptions, 'dtype'> & { dtype: (typeof PRECISIONS)[number]; json?: boolean };

export function benchCommand(): Command {
  const train = new Command('train')
    .description("time training steps, and the same step's matrix products alone")
    .option('--family <name>', 'model family', 'gpt2')
    .option('--layers <n>', 'Transformer blocks', positiveInteger, 6)
    .option('--hidden <n>', 'width', positiveInteger, 384)
    .option('--heads <n>', 'attention heads', positiveInteger, 6)
    .option('--vocab <n>', 'vocabulary size', positiveInteger, 8192)
    .option('--batch <n>', 'sequences in a batch', positiveInteger, 16)
    .option('--seq <n>', 'tokens in a sequence', positiveInteger, 256)
    .addOption(new Option('--dtype <type>', 'matrix products').choices([...PRECISIONS]).default('bf16'))
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--steps <n>', 'steps that are timed', positiveInteger, 5)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tslm bench train --layers 12 --hidden 768 --heads 12 --vocab 50257 --batch 4 --seq 512\n',
    )
    .action(async ({ json, dtype, ...options }: TrainOptions) => {
      const { trainThroughput } = await import('../train/throughput.ts');
      const { requireDevice } = await import('../torch/index.ts');
      requireDevice(options.device ?? 'cpu');
      const result = trainThroughput({ ...options, dtype: dtypeOf(dtype) });
      if (json) {
        printJson({ ...options, dtype, ...result });
        return;
      }
      printTable([
        ['parameters', formatCount(result.parameters)],
        ['training', `${formatCount(result.tokensPerSecond)} tokens/s, ${result.stepSeconds.toFixed(3)} s a step`],
        ['ceiling', `${formatCount(result.ceilingTokensPerSecond)} tokens/s by the matrix products alone`],
        ['share', `${(100 * result.ceilingRatio).toFixed(0)}% of the ceiling`],
        ['peak memory', `${formatBytes(result.peakMemoryBytes)}, tensors ${formatBytes(result.peakTensorBytes)}`],
      ]);
    });
  return new Command('bench')
    .description('measure speed on this machine')
    .addCommand(train)
    .addHelpText('after', '\nExample:\n  $ tslm bench train\n');
}
