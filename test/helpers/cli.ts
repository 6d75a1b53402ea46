/** The command line as a person runs it, bin/tslm in a process of its own with compiled files and pipes, or within the test's. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { root } from '../../src/support/root.ts';

export const bin = join(root, 'bin', 'tslm');

export interface Outcome {
  /** Null when a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  stdin?: string | Uint8Array;
  env?: NodeJS.ProcessEnv;
  /** Gets the process and what it wrote so far, each time it writes. */
  onOutput?: (child: ChildProcessWithoutNullStreams, stdout: string, stderr: string) => void;
}

/** Runs `tslm` with these arguments in a process of its own, to its end. */
export const tslmAlone = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  runProcess(process.execPath, [bin, ...args], options);

/** Commands that change the process that they run in: `learn` steps behind others, and lets go of who started it. */
const OWN_PROCESS = ['learn'];

/**
 * The same where the test says something of the process, or is a long one; else within its own process, since to start one takes a
 * second or two of a processor.
 */
export function tslm(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { env, cwd, ...ofProcess } = options;
  const isAlone =
    process.env.TSLM_LONG ||
    OWN_PROCESS.includes(args[0]) ||
    Object.values(ofProcess).some(option => option !== undefined);
  return isAlone ? tslmAlone(args, options) : tslmHere(args, { env, cwd });
}

export function runProcess(
  command: string,
  args: readonly string[],
  { cwd, stdin = '', env = {}, onOutput }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, TSLM_THREADS: '1', ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(child, stdout, stderr);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onOutput?.(child, stdout, stderr);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.stdin.on('error', () => {}); // a command that does not read its input
    child.stdin.end(stdin);
  });
}

/**
 * The same without a process of its own, for many short calls: what `main` prints is caught. The sources run, not the
 * compiled files.
 */
export function tslmHere(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const outcome = turn.then(() => within(surroundings, () => runHere(args)));
  turn = outcome.catch(() => {});
  return outcome;
}

/** There is one stdout to catch what is printed to: commands wait for each other. */
let turn: Promise<unknown> = Promise.resolve();

type Surroundings = Pick<RunOptions, 'env' | 'cwd'>;

async function within<T>({ env = {}, cwd = process.cwd() }: Surroundings, run: () => Promise<T>): Promise<T> {
  const folder = process.cwd();
  const before = Object.entries(env).map(([name]) => [name, process.env[name]] as const);
  const put = (entries: readonly (readonly [string, string | undefined])[]): void => {
    for (const [name, value] of entries) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  put(Object.entries(env));
  process.chdir(cwd);
  try {
    return await run();
  } finally {
    process.chdir(folder);
    put(before);
  }
}

async function runHere(args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const restore = (['stdout', 'stderr'] as const).map(name => {
    const spy = vi.spyOn(process[name], 'write').mockImplementation(chunk => {
      written[name] += String(chunk);
      return true;
    });
    const listeners = process[name].listeners('error');
    return () => {
      spy.mockRestore();
      for (const listener of process[name].listeners('error')) {
        if (!listeners.includes(listener)) process[name].off('error', listener as () => void);
      }
    };
  });
  // Vitest has a console of its own.
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => {
    written.stdout += `${values.join(' ')}\n`;
  });
  try {
    const code = await main(args);
    return { code, signal: null, ...written };
  } finally {
    for (const put of restore) put();
    log.mockRestore();
    process.exitCode = undefined;
  }
}

/** The object that `--json` prints; fails when there is anything else on stdout. */
export async function tslmJson(args: readonly string[], options?: RunOptions): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await tslm([...args, '--json'], options);
  expect(code, stderr).toBe(0);
  const value: unknown = JSON.parse(stdout);
  expect(value, 'one object, not a list').toBeInstanceOf(Object);
  expect(Array.isArray(value)).toBe(false);
  return value as Record<string, unknown>;
}

/** Checks that a command failed as a command should: a line, a hint for wrong usage, no stack, nothing on stdout. */
export function expectRefusal(outcome: Outcome, code: 1 | 2, message: string | RegExp): void {
  const { stderr, stdout } = outcome;
  expect(outcome.code, stderr).toBe(code);
  expect(stderr).toMatch(message);
  expect(stdout).toBe('');
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^tslm: \S/);
  expect(lines[0]).not.toContain('unexpected error');
  expect(lines.length, stderr).toBeLessThanOrEqual(2);
  if (code === 2 || lines[1] !== undefined) expect(lines[1]).toMatch(/^ {2}→ \S/);
}
