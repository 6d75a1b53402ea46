/** `tslm serve MODEL…`: models behind the API of OpenAI, and a page to talk to them. */
import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { ModelPool } from '../engine/protocol.ts';
import type { OnPass } from '../online/learn.ts';
import type { LearningService } from '../online/service.ts';
import type { Listening } from '../serve/http/listen.ts';
import type { Log } from '../serve/http/log.ts';
import type { Jobs } from '../serve/studio/jobs/jobs.ts';
import { UserError, usageError } from '../support/errors.ts';
import {
  collect,
  type InferenceTypeName,
  inferenceTypeOf,
  inferenceTypeOption,
  nonNegativeInteger,
  positiveInteger,
} from './options.ts';
import { withSignals } from './signals.ts';

interface Options {
  port: number;
  host: string;
  name?: string[];
  adapter?: string[];
  dtype: InferenceTypeName;
  memory?: number;
  maxQueue?: number;
  maxBatch?: number;
  maxContext?: number;
  strictObjects?: boolean;
  keys?: string;
  cors?: string[];
  allowHost?: string[];
  upstream?: string[];
  upstreamKeyEnv?: string[];
  timeout: number;
  grace: number;
  maxBody: number;
  runs?: string[];
  results?: string[];
  learn?: string;
  learnAfter?: number;
  learnThen?: OnPass;
  learnReplay?: string[];
  studio: boolean;
  jobs: number;
  logLevel: string;
  logPrompts?: boolean;
  json?: boolean;
  strict?: boolean;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description("serve models over HTTP, for clients of OpenAI's API")
    .argument('[models...]', 'folders of models or of runs')
    .option('--port <n>', 'port; 0: any free one', nonNegativeInteger, 8080)
    .option('--host <address>', 'address to listen on; 0.0.0.0: all interfaces', '127.0.0.1')
    .option('--name <name>', "name of a model in requests, in the models' order (default: its folder's)", collect)
    .option(
      '--adapter <name=path>',
      'adapter of the first model: its folder, or that of a run; may be repeated',
      collect,
    )
    .addOption(inferenceTypeOption())
    .option('--memory <bytes>', 'of the KV cache (default: a quarter of free memory)', positiveInteger)
    .option('--max-queue <n>', 'length of the queue (default: 256)', positiveInteger)
    .option('--max-batch <n>', 'sequences decoded together (default: 32)', positiveInteger)
    .option('--max-context <n>', "longest context, prompt and answer together (default: the model's)", positiveInteger)
    .option('--strict-objects', 'JSON Schemas allow only the properties that they mention')
    .option('--keys <file>', 'require API keys from this file; `tslm keys add` makes them')
    .option('--cors <origin>', 'allowed origin (CORS), such as https://example.com; may be repeated', collect)
    .option('--allow-host <name>', 'additional Host header to accept; may be repeated', collect)
    .option(
      '--upstream <url>',
      "another server with OpenAI's API, to which requests for its models are forwarded; may be repeated",
      collect,
    )
    .option('--upstream-key-env <variable>', 'environment variable with its key, in the same order', collect)
    .option('--timeout <seconds>', 'timeout of a request', positiveInteger, 600)
    .option('--grace <seconds>', 'for streams to finish on shutdown', nonNegativeInteger, 30)
    .option('--max-body <bytes>', 'largest request body', positiveInteger, 8 * 2 ** 20)
    .option('--runs <folder>', 'runs that the studio shows (default: runs); may be repeated', collect)
    .option(
      '--results <folder>',
      'evaluations, sweeps and selections that the studio shows (default: results, sweeps, selection); may be repeated',
      collect,
    )
    .option(
      '--learn <folder>',
      'keep answers that requests allow it for, take judgements, and follow what `tslm learn` makes of them',
    )
    .option(
      '--learn-after <n>',
      'with --learn: learn whenever there are n new judgements, in a process that the answers go before',
      positiveInteger,
    )
    .addOption(
      new Option(
        '--learn-then <what>',
        'with --learn-after, what has passed: everybody gets it, a few people first, nobody while it answers beside what is shown, or nothing (default: promote)',
      ).choices(['promote', 'canary', 'shadow', 'nothing']),
    )
    .option(
      '--learn-replay <file>',
      'with --learn-after: rows of what the model was trained on (default: what its run.json names); may be repeated',
      collect,
    )
    .option('--no-studio', 'no web page')
    .option(
      '--jobs <n>',
      'commands that the web page starts and that run at a time; only on this machine, with an admin key where there are keys; 0: it starts none',
      nonNegativeInteger,
      1,
    )
    .addOption(
      new Option('--log-level <level>', 'of the log on stderr')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .option('--log-prompts', 'log prompts as well')
    .option('--json', 'print address and models as JSON once they are ready')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm serve models/Qwen2.5-0.5B-Instruct\n  $ tslm serve\n' +
        '  $ tslm serve models/gpt2 runs/tiny --name large --name small --port 9000\n' +
        '  $ tslm serve models/gpt2 --adapter poems=adapters/poems --keys keys.json --host 0.0.0.0\n' +
        '  $ tslm serve runs/quickstart --learn learning/ --learn-after 100\n',
    )
    .action(async (paths: string[], options: Options) => {
      const { createLog } = await import('../serve/http/log.ts');
      const log = createLog(options.logLevel);
      const notice = 'finishing what is under way; once more to end at once';
      await withSignals(notice, signal => serve(paths, options, log, signal), log.note);
    });
}

async function serve(paths: readonly string[], options: Options, log: Log, signal: AbortSignal): Promise<void> {
  const upstreamUrls = options.upstream ?? [];
  const hasJobs = options.studio && options.jobs > 0;
  if (paths.length + upstreamUrls.length === 0 && !hasJobs) {
    throw usageError('TSLM_NO_MODEL', 'no model given', 'for example `tslm serve models/gpt2`');
  }
  checkCount(options.name, paths, '--name', 'models');
  checkCount(options.upstreamKeyEnv, upstreamUrls, '--upstream-key-env', 'servers');
  refuseIdleLearning(options);
  if (options.adapter && paths.length === 0) throw usageError('TSLM_NO_MODEL', 'an adapter needs a model');
  const { note, logger } = log;
  const models = await createModels(paths, options, log);
  let server: Listening | undefined;
  let learning: LearningService | undefined;
  let jobs: Jobs | undefined;
  let rounds: { close(): Promise<void> } | undefined;
  try {
    const { createApp } = await import('../serve/http/app.ts');
    const { LOOPBACK_HOSTS } = await import('../serve/http/guard.ts');
    const { watchKeys } = await import('../serve/http/keys/watch-keys.ts');
    const { createLineWriter } = await import('../serve/http/line-writer.ts');
    const { listen } = await import('../serve/http/listen.ts');
    const { createStudio } = await import('../serve/studio/studio.ts');
    const { connectUpstream, withUpstreams } = await import('../serve/upstream.ts');
    const keys =
      options.keys === undefined
        ? undefined
        : watchKeys(options.keys, problem => {
            if (problem === undefined) logger.info('the file of keys can be read again');
            else logger.error({ reason: problem }, 'the file of keys cannot be read: nobody is let in');
          });
    const isLocal = LOOPBACK_HOSTS.includes(options.host) || options.host === '::1';
    if (!isLocal && !keys) note(`note: everybody who reaches ${options.host} may ask; --keys FILE asks for keys`);
    const upstreams = await Promise.all(
      upstreamUrls.map((url, i) => connectUpstream({ url, apiKey: keyFrom(options.upstreamKeyEnv?.[i]) })),
    );
    const pool = withUpstreams(models, upstreams);
    jobs = hasJobs ? await jobsOf(options) : undefined;
    learning = await learningFor(paths, options, pool, log);
    const app = createApp({
      pool,
      learning,
      keys,
      upstreams,
      limits: { maxBodyBytes: options.maxBody, timeoutMs: options.timeout * 1000 },
      cors: options.cors,
      hosts: isLocal ? [...LOOPBACK_HOSTS, ...(options.allowHost ?? [])] : options.allowHost,
      logger,
      droppedLogLines: () => log.dropped,
      logPrompts: options.logPrompts,
      studio: options.studio
        ? createStudio({
            pool,
            runs: options.runs,
            results: options.results,
            learning,
            jobs,
            isGuarded: keys !== undefined,
          })
        : undefined,
    });
    // A port that is taken is found before models load; while they do, /health says so.
    const onError = (error: Error): void => logger.error({ reason: error.message }, 'a connection was refused');
    server = await listen(app, { port: options.port, host: options.host, onError });
    const stopped = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([models.start(), stopped]);
    if (signal.aborted) return;
    await learning?.start();
    rounds = await roundsFor(options, log);
    const names = pool.list().map(({ id }) => id);
    if (options.json) createLineWriter(1).write(`${JSON.stringify({ url: server.url, models: names }, null, 2)}\n`);
    else
      note(
        names.length > 0 ? `ready: ${names.join(', ')} at ${server.url}` : `ready, without a model, at ${server.url}`,
      );
    await stopped;
  } finally {
    jobs?.close(); // pages that follow one would keep the server from ending
    const left = jobs?.list().filter(({ state }) => state === 'running' || state === 'waiting') ?? [];
    if (left.length > 0)
      note(
        `jobs go on without the server: ${left.map(({ id }) => id).join(', ')}; \`tslm serve\` here shows them again`,
      );
    await server?.close(options.grace * 1000);
    await rounds?.close();
    await learning?.close();
    await models.close();
    await log.end();
  }
}

/** Options of learning without what they are for. */
function refuseIdleLearning({ learn, learnAfter, learnThen, learnReplay }: Options): void {
  const given = [
    ['--learn-then', learnThen],
    ['--learn-replay', learnReplay],
  ] as const;
  const [option, needs] =
    learnAfter !== undefined && learn === undefined
      ? ['--learn-after', '--learn FOLDER']
      : learnAfter === undefined
        ? [given.find(([, value]) => value !== undefined)?.[0], '--learn-after N']
        : [];
  if (option !== undefined) {
    throw usageError(
      'TSLM_CONTRADICTION',
      `${option} is given without ${needs}`,
      `for example --learn learning/ --learn-after 100`,
    );
  }
}

async function jobsOf({ jobs: atOnce }: Options): Promise<Jobs> {
  const { createJobs } = await import('../serve/studio/jobs/jobs.ts');
  return createJobs({ atOnce });
}

async function roundsFor(
  { learn, learnAfter: after, learnThen: then, learnReplay: replay }: Options,
  { note, logger }: Log,
) {
  if (learn === undefined || after === undefined) return undefined;
  const { learnInBackground } = await import('../online/background.ts');
  return learnInBackground(learn, {
    after,
    then,
    replay,
    onNote: note,
    onError: reason => logger.error({ reason }, 'learning'),
  });
}

async function learningFor(
  [path]: readonly string[],
  { learn: folder, name }: Options,
  pool: ModelPool,
  { note, logger }: Log,
): Promise<LearningService | undefined> {
  if (folder === undefined) return undefined;
  if (path === undefined) throw usageError('TSLM_NO_MODEL', '--learn needs a model', 'tslm serve MODEL --learn FOLDER');
  const { createLearning } = await import('../online/service.ts');
  return createLearning({
    folder,
    path,
    model: name?.[0] ?? basename(resolve(path)),
    pool,
    onNote: note,
    onError: problem => logger.error({ reason: problem }, 'a revision cannot answer: what was there goes on'),
  });
}

async function createModels(paths: readonly string[], options: Options, { note, logger }: Log) {
  const { createModelPool } = await import('../engine/model-pool.ts');
  return createModelPool({
    models: paths.map((path, i) => ({ path, name: options.name?.[i] })),
    adapters: options.adapter?.map(adapterOf),
    dtype: inferenceTypeOf(options.dtype),
    memory: options.memory,
    maxQueue: options.maxQueue,
    maxBatch: options.maxBatch,
    maxContext: options.maxContext,
    strictObjects: options.strictObjects,
    strict: options.strict,
    onNote: note,
    onDown(model, reason, seconds) {
      const details = reason instanceof UserError ? { reason: reason.message } : { err: reason };
      logger.error({ model, ...details }, `the model has ended; it is started again in ${seconds} s`);
    },
    onUp: model => logger.info({ model }, 'the model answers again'),
  });
}

function checkCount(values: readonly string[] | undefined, of: readonly string[], option: string, what: string): void {
  if ((values?.length ?? 0) > of.length) {
    throw usageError('TSLM_BAD_VALUE', `there are more ${option} than ${what}`, `give ${option} once for each`);
  }
}

function adapterOf(given: string): { name: string; path: string } {
  const [name, ...rest] = given.split('=');
  if (name !== '' && rest.join('=') !== '') return { name, path: rest.join('=') };
  throw usageError(
    'TSLM_BAD_VALUE',
    `--adapter '${given}' has no name or no path`,
    'for example --adapter poems=adapters/poems',
  );
}

function keyFrom(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const key = process.env[variable];
  if (key) return key;
  throw usageError('TSLM_NO_KEY', `the environment variable ${variable} is not set`, `export ${variable}=…`);
}
