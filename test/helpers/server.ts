/** `tslm serve` in a process of its own, as a person starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { bin } from './cli.ts';

const running = new Set<ChildProcess>();
// What a test that failed has left.
afterAll(() => running.forEach(child => void child.kill('SIGKILL')));

/** A model of bytes, with a context of 64 tokens unless another is given. */
export function tinyModelFolder(folder: string, { context = 64, seed = 1 } = {}): string {
  mkdirSync(folder);
  byteTokenizer(folder);
  const sizes = { layers: 1, hidden: 32, heads: 2, context, vocabSize: 257 };
  using model = createModel('gpt2', sizes, { seed, eosTokenId: 256 });
  saveModel(folder, model);
  return folder;
}

export interface RunningServer {
  url: string;
  child: ChildProcess;
  /** Code or signal of its end. */
  exited: Promise<number | string | null>;
  /** What came on stderr, where it is read. */
  readonly stderr: string;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<number | string | null>;
}

export interface ServerOptions {
  /** A descriptor, or a pipe that is read (default) or left alone. */
  stderr?: number | 'read' | 'unread';
  /** Serve the page, too. Default false. */
  studio?: boolean;
  env?: NodeJS.ProcessEnv;
}

/** Starts it on a free port; resolves when its models are ready. */
export function startServer(
  args: readonly string[],
  { stderr = 'read', studio = false, env = {} }: ServerOptions = {},
): Promise<RunningServer> {
  const child = spawn(
    process.execPath,
    [bin, 'serve', ...args, '--port', '0', '--json', ...(studio ? [] : ['--no-studio'])],
    {
      stdio: ['ignore', 'pipe', typeof stderr === 'number' ? stderr : 'pipe'],
      env: { ...process.env, TSLM_THREADS: '1', ...env },
    },
  );
  running.add(child);
  let written = '';
  if (stderr === 'read') child.stderr!.setEncoding('utf8').on('data', (text: string) => (written += text));
  const exited = new Promise<number | string | null>(resolve => {
    child.on('exit', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    });
  });
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!out.trimEnd().endsWith('}')) return;
      resolve({
        url: (JSON.parse(out) as { url: string }).url,
        child,
        exited,
        get stderr() {
          return written;
        },
        async stop() {
          child.kill('SIGTERM');
          return exited;
        },
      });
    });
    void exited.then(code => reject(new Error(`the server has ended with ${code}: ${written}`)));
  });
}

/** Asks the model `tiny` for a few tokens. */
export const complete = (url: string, body: Record<string, unknown> = {}): Promise<Response> =>
  fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'tiny', prompt: 'abc', max_tokens: 4, ignore_eos: true, ...body }),
  });
