/**
 * lm-evaluation-harness itself, unmodified, beside `tslm evaluate`: against `tslm serve` (`local-completions`), where its results are to be
 * those of `tslm evaluate`, and with Transformers as its model, where the times are compared. All in one run on one machine.
 *
 *     npm run bench && TSLM_PYTHON=/path/to/python node build/bench/bench/lm-eval.js MODEL --tasks FOLDER --names a,b,c
 *         [--limit N] [--max-length 512] [--port 9179] [--json]
 *
 * The Python needs `lm_eval[api,hf]`. Task files name their data by paths, since there nothing maps names. Results agree when
 * log-likelihoods do to the rounding of float32: scores of right and wrong are equal, perplexities to a thousandth.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { peerScript, requireTorchPython } from '../src/bench/python-peer.ts';
import { root } from '../src/support/root.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tasks: { type: 'string' },
    names: { type: 'string' },
    limit: { type: 'string' },
    'max-length': { type: 'string', default: '512' },
    port: { type: 'string', default: '9179' },
    json: { type: 'boolean', default: false },
  },
});
const [model] = positionals;
const { tasks, names } = options;
if (model === undefined || tasks === undefined || names === undefined) {
  throw new Error('give a model, --tasks FOLDER and --names a,b,c');
}
const limit = options.limit === undefined ? [] : ['--limit', options.limit];

type Results = Record<string, Record<string, number>>;
interface Outcome {
  results: Results;
  /** Of the evaluation, and of the whole process with its start. */
  seconds: number;
  wall: number;
}

const tslm = join(root, 'bin', 'tslm');

async function outputOf(command: string, args: readonly string[]): Promise<{ text: string; wall: number }> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [text, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', part => {
    text += part;
  });
  child.stderr.setEncoding('utf8').on('data', part => {
    complaint = (complaint + part).slice(-2000);
  });
  const code = await new Promise(resolve => child.on('close', resolve));
  if (code !== 0) throw new Error(`${command} failed: ${complaint.trim().split('\n').at(-1)}`);
  return { text, wall: (performance.now() - start) / 1000 };
}

async function ours(): Promise<Outcome> {
  const args = [
    'evaluate',
    model,
    '--include-path',
    tasks!,
    '--tasks',
    names!,
    '--bootstrap-iters',
    '0',
    ...limit,
    '--json',
  ];
  const { text, wall } = await outputOf(process.execPath, [tslm, ...args]);
  const json = JSON.parse(text);
  const results = Object.entries(json.results as Record<string, Record<string, unknown>>).map(([task, row]) => {
    const numbers = Object.entries(row).filter(
      ([key, value]) => typeof value === 'number' && key.includes(',') && !key.includes('_stderr'),
    );
    return [task, Object.fromEntries(numbers)];
  });
  return { results: Object.fromEntries(results), seconds: Number(json.total_evaluation_time_seconds), wall };
}

async function theirs(args: readonly string[]): Promise<Outcome> {
  const all = ['-B', peerScript('lm_eval_tasks'), '--tasks', tasks!, '--names', names!, ...limit, ...args];
  const { text, wall } = await outputOf(requireTorchPython(), all);
  const { results, seconds } = JSON.parse(text.slice(text.indexOf('{"results"'))) as Omit<Outcome, 'wall'>;
  return { results, seconds, wall };
}

async function served(): Promise<ChildProcess> {
  const server = spawn(
    process.execPath,
    [tslm, 'serve', model, '--name', 'served', '--port', options.port!, '--dtype', 'float32'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', text => {
      if (text.includes('ready:')) resolve();
    });
    server.on('close', () => reject(new Error('the server did not start')));
  });
  return server;
}

/** Those that are not the same. */
function differences(a: Results, b: Results): string[] {
  return Object.entries(a).flatMap(([task, row]) =>
    Object.entries(row).flatMap(([key, value]) => {
      const other = b[task]?.[key];
      const room = key.includes('perplexity') || key.startsWith('bits') ? 1e-3 * Math.abs(value) : 1e-9;
      return other !== undefined && Math.abs(value - other) <= room ? [] : [`${task} ${key}: ${value}, ${other}`];
    }),
  );
}

const own = await ours();
const server = await served();
const url = `http://127.0.0.1:${options.port}/v1/completions`;
const overHttp = await theirs([
  '--base-url',
  url,
  '--model',
  'served',
  '--tokenizer',
  model,
  '--max-length',
  options['max-length']!,
]).finally(() => server.kill());
const transformers = await theirs(['--hf', model]);
const compared = Object.values(own.results).reduce((sum, row) => sum + Object.keys(row).length, 0);
const wrong = differences(own.results, overHttp.results);
if (options.json) {
  process.stdout.write(
    `${JSON.stringify({ tslm: own, served: overHttp, transformers, compared, differences: wrong }, null, 2)}\n`,
  );
} else {
  const line = (name: string, { seconds, wall }: Outcome): string =>
    `${name.padEnd(34)}${seconds.toFixed(1).padStart(8)} s   ${wall.toFixed(1).padStart(8)} s with its start   ${(seconds / own.seconds).toFixed(1).padStart(6)} ×`;
  process.stdout.write(
    `${[
      line('tslm evaluate', own),
      line('lm_eval, against tslm serve', overHttp),
      line('lm_eval, with Transformers', transformers),
      `${compared} scores of lm_eval against tslm serve: ${wrong.length === 0 ? 'all those of tslm evaluate' : `${wrong.length} differ`}`,
      ...wrong,
      ...differences(own.results, transformers.results).map(one => `with Transformers: ${one}`),
    ].join('\n')}\n`,
  );
}
process.exit(wrong.length === 0 ? 0 : 1);
