/** `tslm pull`: its options, and how the result is printed. */
import { Command, Option } from 'commander';
import type { PulledFile } from '../hub/pull.ts';
import { DEFAULT_SELECTION } from '../hub/select.ts';
import { formatBytes, formatDuration } from '../support/format.ts';
import { createProgress, type Progress } from '../support/progress.ts';
import { collect } from './options.ts';
import { printJson, printTable } from './print.ts';
import { withSignals } from './signals.ts';

interface Options {
  revision: string;
  include?: string[];
  exclude?: string[];
  cacheDir?: string;
  localDir?: string;
  dryRun?: boolean;
  json?: boolean;
}

const HELP = `
${DEFAULT_SELECTION}

Patterns are matched with whole paths; * crosses slashes, and 'onnx/' means all in that folder.

The cache is the one that Hugging Face's tools share. Their variables are heeded: HF_HOME, HF_HUB_CACHE, HF_TOKEN (or the
token that their login left), HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT. What an interruption leaves is kept,
and the same command goes on from there. Every file is checked with the hash that the hub states.

Example:
  $ tslm pull Qwen/Qwen3-0.6B
  $ tslm pull openai-community/gpt2 --exclude 'vocab.*' --local-dir models/gpt2
`;

/** `tslm pull`: a model of the hub becomes a folder on this machine. */
export function pullCommand(): Command {
  return new Command('pull')
    .description('fetch a model from the Hugging Face hub; prints its folder')
    .argument('<model>', 'its name on the hub: ORG/NAME')
    .option('--revision <name>', 'branch, tag or commit', 'main')
    .option('--include <glob>', 'files to fetch, instead of the usual ones; may be repeated', collect)
    .option('--exclude <glob>', 'files to leave out; may be repeated', collect)
    .option('--cache-dir <dir>', 'cache to use instead of HF_HUB_CACHE')
    .option('--local-dir <dir>', 'put the files themselves there; files of the same names are replaced')
    .option('--dry-run', 'only list what would be fetched')
    .addOption(new Option('--json', 'print folder, commit and files as JSON'))
    .addHelpText('after', HELP)
    .action((model: string, options: Options) =>
      withSignals('stopping; what has arrived is kept, and the same command goes on from there', signal =>
        run(model, options, signal),
      ),
    );
}

async function run(model: string, { json, ...options }: Options, signal: AbortSignal): Promise<void> {
  const { pull } = await import('../hub/pull.ts');
  const start = performance.now();
  let progress: Progress | undefined;
  try {
    const result = await pull(model, {
      ...options,
      signal,
      onProgress({ done, total, initial, note }) {
        progress ??= createProgress('pulling', { total, initial, unit: 'B' });
        progress.update(done, note);
      },
    });
    progress?.end();
    const seconds = (performance.now() - start) / 1000;
    if (json) printJson({ ...result, bytes: bytesOf(result.files), seconds });
    else if (options.dryRun) printPlan(result.files);
    else {
      const fetched = result.files.filter(({ state }) => state === 'fetched');
      if (process.stderr.isTTY) {
        const what = `${fetched.length} of ${result.files.length} files`;
        process.stderr.write(`fetched ${what}, ${formatBytes(bytesOf(fetched))}, in ${formatDuration(seconds)}\n`);
      }
      process.stdout.write(`${result.folder}\n`);
    }
  } catch (error) {
    progress?.end();
    if (!signal.aborted) throw error; // else a person ended it, and knows
  }
}

const bytesOf = (files: readonly PulledFile[]): number => files.reduce((sum, { size }) => sum + size, 0);

function printPlan(files: readonly PulledFile[]): void {
  const missing = files.filter(({ state }) => state === 'missing');
  printTable([
    ...files.map(
      ({ path, size, state }) => [path, `${formatBytes(size)}${state === 'present' ? ', here' : ''}`] as const,
    ),
    ['to fetch', `${missing.length} of ${files.length} files, ${formatBytes(bytesOf(missing))}`],
  ]);
}
