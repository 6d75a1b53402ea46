/** `tslm bench ops`: operators beside libtorch's composition of the same, memory and large products. */
import { Command } from 'commander';
import type { OperatorRate, OperatorRates } from '../../bench/operator-rates.ts';
import { usageError } from '../../support/errors.ts';
import { formatBytes } from '../../support/format.ts';
import { number, positiveInteger } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { formatShare } from './options.ts';

interface Options {
  tokens: number;
  width: number;
  vocab: number;
  seconds: number;
  json?: boolean;
}

export function benchOpsCommand(): Command {
  return new Command('ops')
    .description(
      'time single operators, and what memory and large products would allow (sizes that fit a cache may do better)',
    )
    .option('--tokens <n>', 'rows of the activations', positiveInteger, 4096)
    .option('--width <n>', 'columns of the activations', positiveInteger, 384)
    .option('--vocab <n>', 'classes of the cross-entropy', positiveInteger, 8192)
    .option('--seconds <s>', 'how long each is measured', number, 0.2)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm bench ops --tokens 4096 --width 768 --vocab 50257\n')
    .action(async ({ json, ...options }: Options) => {
      if (options.width % 64 !== 0) {
        throw usageError('TSLM_BAD_VALUE', `--width: ${options.width} is not made of heads of 64`, 'a multiple of 64');
      }
      const { operatorRates } = await import('../../bench/operator-rates.ts');
      const { native } = await import('../../torch/native.ts');
      const result = { threads: native().threads(), ...operatorRates(options) };
      if (json) printJson({ ...options, ...result });
      else print(result);
    });
}

function print({ threads, calls, operators, memoryRate, matmulRate }: OperatorRates & { threads: number }): void {
  const gflops = (rate: number): string => `${(rate / 1e9).toFixed(0)} GFLOP/s`;
  const columns = (cells: string[]): string => cells.map(cell => cell.padStart(14)).join('');
  const cells = ({
    seconds,
    referenceSeconds,
    flopsPerSecond,
    bytesPerSecond,
    ceilingRatio,
  }: OperatorRate): string[] => [
    (1000 * seconds).toFixed(3),
    flopsPerSecond === undefined ? `${formatBytes(bytesPerSecond!)}/s` : gflops(flopsPerSecond),
    formatShare(ceilingRatio),
    referenceSeconds === undefined ? '' : (referenceSeconds / seconds).toFixed(2),
  ];
  printTable([
    ['threads', `${threads}`],
    ['memory', `${formatBytes(memoryRate)}/s`],
    ['large products', `float32 ${gflops(matmulRate.float32)}, bfloat16 ${gflops(matmulRate.bfloat16)}`],
    ...calls.map(({ name, seconds }) => [`call: ${name}`, `${(seconds * 1e6).toFixed(2)} µs`] as const),
    ['', columns(['ms', 'rate', 'of ceiling', '× libtorch'])],
    ...operators.map(row => [`${row.name}, ${row.dtype}`, columns(cells(row))] as const),
  ]);
}
