/**
 * Programs that a model wrote, run as HumanEval asks (Chen et al. 2021, arXiv:2107.03374): each in a Python process of its own, in an
 * empty folder and environment, with limits on time, memory and files, and without a network where the kernel lets users take it
 * away. That holds off accidents; against a program that means harm use a container.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { passAtK } from '../metrics/pass-at-k.ts';
import type { Sample } from './evaluation-result.ts';
import type { Programs } from './scores.ts';

export interface RunOptions {
  /** Seconds of a processor that a program may take; three times as many may pass. Default 10. */
  seconds?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, programs: number) => void;
}

/** Kilobytes of memory, blocks of 512 bytes that a file may have. */
const [MEMORY, FILE] = [2_000_000, 20_000];

interface Python {
  path: string;
  /** Words in front that take the network away. */
  before: readonly string[];
}

/** @throws UserError where there is none */
export function findPython(): Python {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  if (status !== 0 || process.platform === 'win32') {
    throw new UserError(
      'TSLM_NO_PYTHON',
      'answers that are programs cannot be run: there is no python3 on this machine',
      {
        hint: 'install Python 3, or leave out tasks that run code',
      },
    );
  }
  const before = ['unshare', '-rn', '--'];
  const isApart = spawnSync(before[0], [...before.slice(1), 'true']).status === 0;
  return { path: stdout.trim(), before: isApart ? before : [] };
}

/** Whether a program ends without an error, within its limits. */
async function passes(
  { path, before }: Python,
  program: string,
  { seconds = 10, signal }: RunOptions,
): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-program-'));
  try {
    writeFileSync(join(folder, 'program.py'), program);
    // One limit a call: dash takes no more.
    const limits = `ulimit -t ${Math.ceil(seconds)} && ulimit -v ${MEMORY} && ulimit -f ${FILE} && exec "$@"`;
    const child = spawn('sh', ['-c', limits, 'sh', ...before, path, '-I', 'program.py'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
      stdio: 'ignore',
      detached: true,
    });
    // Its group, so that what it started ends with it.
    const end = (): void => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    const timer = setTimeout(end, 3 * seconds * 1000);
    signal?.addEventListener('abort', end);
    const code = await new Promise<number | null>(resolve => {
      child.on('close', resolve);
      child.on('error', () => resolve(null));
    });
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
    end();
    return code === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Samples whose scores are programs, with numbers in their place: pass@k of those that belong to each. */
export async function withPassed(samples: readonly Sample[], options: RunOptions = {}): Promise<Sample[]> {
  const python = findPython();
  const all = samples.flatMap(({ scores }) =>
    Object.values(scores).flatMap(score => (isPrograms(score) ? score.programs : [])),
  );
  const found = new Map<string, boolean>();
  const waiting = [...new Set(all)];
  const total = waiting.length;
  const worker = async (): Promise<void> => {
    for (let program = waiting.pop(); program !== undefined; program = waiting.pop()) {
      options.signal?.throwIfAborted();
      found.set(program, await passes(python, program, options));
      options.onProgress?.(found.size, total);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.floor(availableParallelism() / 2)) }, worker));
  const number = (score: unknown): unknown => {
    if (!isPrograms(score)) return score;
    const passed = score.programs.filter(program => found.get(program)).length;
    return passAtK(score.programs.length, passed, Number(score.k));
  };
  return samples.map(sample => ({
    ...sample,
    scores: Object.fromEntries(Object.entries(sample.scores).map(([name, score]) => [name, number(score)])),
  }));
}

const isPrograms = (score: unknown): score is Programs =>
  typeof score === 'object' && score !== null && 'programs' in score && 'k' in score;
