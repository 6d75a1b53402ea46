/** `tslm bench prefill` and `tslm bench generate`: reading prompts, and decoding after them. */
import { Command } from 'commander';
import { usageError } from '../../support/errors.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { positiveInteger, weightTypeOf } from '../options.ts';
import { printJson, printTable } from '../print.ts';
import { type BenchOptions, modelOptions, peerFor, resultRows, runOptions } from './options.ts';

/** GPT-2 124M. */
const sizes = { layers: 12, hidden: 768, heads: 12, vocab: 50_257, batch: 1 };

export function benchPrefillCommand(): Command {
  const command = new Command('prefill').description('time the prefill of a prompt, and its matrix products alone');
  modelOptions(command, sizes).option('--seq <n>', 'tokens in the prompt', positiveInteger, 512);
  return runOptions(command, { dtype: 'weights', steps: 'prompts that are timed' })
    .addHelpText('after', '\nExample:\n  $ tslm bench prefill --seq 512 --dtype bf16 --peer\n')
    .action(async (options: BenchOptions & { seq: number }) => {
      const { prefillThroughput } = await import('../../bench/prefill.ts');
      const { requireDevice } = await import('../../torch/index.ts');
      requireDevice(options.device);
      const { json, ...given } = options;
      using peer = await peerFor('bench_prefill', options);
      const result = await prefillThroughput({ ...given, dtype: weightTypeOf(given.dtype), peer });
      if (json) {
        printJson({ ...given, ...result });
        return;
      }
      printTable([
        ['prefill', `${formatCount(result.tokensPerSecond)} tokens/s, ${result.seconds.toFixed(3)} s a prompt`],
        ...resultRows(result, 'by the matrix products alone'),
      ]);
    });
}

export function benchGenerateCommand(): Command {
  const command = new Command('generate').description(
    'time greedy decoding, beside reading the weights from memory once a token',
  );
  modelOptions(command, sizes)
    .option('--prompt <n>', 'tokens in the prompt', positiveInteger, 32)
    .option('--tokens <n>', 'tokens to decode, the first of which the prompt gives', positiveInteger, 64);
  return runOptions(command, { dtype: 'weights', steps: 'texts that are timed' })
    .addHelpText('after', '\nExample:\n  $ tslm bench generate --tokens 64 --dtype bf16 --peer\n')
    .action(async (options: BenchOptions & { prompt: number; tokens: number }) => {
      if (options.tokens < 2) {
        throw usageError('TSLM_BAD_VALUE', '--tokens: the first token is not timed', 'ask for two or more');
      }
      const { decodeThroughput } = await import('../../bench/decode.ts');
      const { requireDevice } = await import('../../torch/index.ts');
      requireDevice(options.device);
      const { json, ...given } = options;
      using peer = await peerFor('bench_generate', options);
      const result = await decodeThroughput({ ...given, dtype: weightTypeOf(given.dtype), peer });
      if (json) {
        printJson({ ...given, ...result });
        return;
      }
      const { weightBytes, cacheBytes, memoryRate } = result;
      printTable([
        [
          'decoding',
          `${formatCount(result.tokensPerSecond)} tokens/s, ${result.millisecondsPerToken.toFixed(2)} ms a token`,
        ],
        ...resultRows(result, `by reading ${formatBytes(weightBytes + cacheBytes)} at ${formatBytes(memoryRate)}/s`),
      ]);
    });
}
