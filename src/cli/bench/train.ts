/** `tslm bench train`: training steps beside the same step's matrix products, alone or along a size. */
import { Command, Option } from 'commander';
import { SWEEPS, type Sweep } from '../../bench/training-sweep.ts';
import { formatCount } from '../../support/format.ts';
import { dtypeOf, PRECISIONS, positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { type BenchTrainOptions, modelOptions, peerFor, resultRows, runOptions } from './options.ts';
import { runSweep, sweepTable } from './sweep.ts';

export function benchTrainCommand(): Command {
  const command = new Command('train').description("time training steps, and the same step's matrix products alone");
  modelOptions(command, { layers: 6, hidden: 384, heads: 6, vocab: 8192, batch: 16 }).option(
    '--seq <n>',
    'tokens in a sequence',
    positiveInteger,
    256,
  );
  return runOptions(command, { dtype: 'matrix products', steps: 'steps that are timed', types: PRECISIONS })
    .option('--compile', 'the peer by torch.compile')
    .addOption(
      new Option('--sweep <along>', 'sweep context (with constant tokens a step), batch or model size').choices([
        ...SWEEPS,
      ]),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ tslm bench train --layers 12 --hidden 768 --heads 12 --vocab 50257 --batch 4 --seq 512 --peer\n' +
        '  $ tslm bench train --sweep context\n',
    )
    .action(async ({ sweep, ...options }: BenchTrainOptions & { sweep?: Sweep }) => {
      const { requireDevice } = await import('../../torch/index.ts');
      requireDevice(options.device);
      if (sweep !== undefined) {
        const rows = await runSweep(sweep, options);
        if (options.json) printJson({ sweep, rows });
        else printTable(sweepTable(sweep, rows));
        return;
      }
      const { trainThroughput } = await import('../../bench/training.ts');
      const { json, ...sizes } = options;
      using peer = await peerFor('bench_train', options);
      const result = await trainThroughput({ ...sizes, dtype: dtypeOf(options.dtype), peer });
      if (json) {
        printJson({ ...sizes, ...result });
        return;
      }
      printTable([
        ['training', `${formatCount(result.tokensPerSecond)} tokens/s, ${result.stepSeconds.toFixed(3)} s a step`],
        ...resultRows(result, 'by the matrix products alone'),
      ]);
    });
}
