/**
 * The same work as plain PyTorch does it, in a process of its own that stays alive between steps: a script of
 * bench/peers/ gets a job, says what it runs on, and answers each line `step` with the seconds of one step.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../support/errors.ts';
import { root } from '../support/root.ts';

export interface PeerStep {
  seconds: number;
  /** Largest resident set of its process so far. */
  peakMemoryBytes: number;
}

export interface Peer extends Disposable {
  /** Version of PyTorch. */
  torch: string;
  threads: number;
  step(): Promise<PeerStep>;
}

/** A Python that has torch: the one that `TSLM_PYTHON` names, or else one of the system's; undefined where none has. */
export function findTorchPython(): string | undefined {
  const named = process.env.TSLM_PYTHON;
  const hasTorch = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)';
  return (named ? [named] : ['python3', '/usr/bin/python3']).find(
    python => spawnSync(python, ['-c', hasTorch], { stdio: 'ignore' }).status === 0,
  );
}

/** `findTorchPython`, or a `UserError` that says how to get one. */
export function requireTorchPython(): string {
  const python = findTorchPython();
  if (python !== undefined) return python;
  const named = process.env.TSLM_PYTHON;
  throw new UserError('TSLM_NO_PEER', named ? `TSLM_PYTHON (${named}) has no torch` : 'no Python here has torch', {
    hint: '`apt-get install python3-torch`, or name a Python that has it: TSLM_PYTHON=/path/to/python3',
  });
}

/** A script of bench/peers/, wherever the package lies. */
export const peerScript = (name: string): string => join(root, 'bench', 'peers', `${name}.py`);

/**
 * Starts a peer and waits until it is ready. Disposing of it ends its process.
 *
 * @throws UserError when no Python has torch, or the script fails
 */
export async function startPeer(name: string, job: object): Promise<Peer> {
  // -B: nothing is written into the package's folder. The environment is ours, so that threads wait in the same way
  // (`OMP_WAIT_POLICY`) and OpenBLAS takes the same kernels.
  const child = spawn(requireTorchPython(), ['-B', peerScript(name), JSON.stringify(job)]);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const errors = collectErrors(child);
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await answers.next();
    if (!done) return JSON.parse(value) as T;
    throw new UserError('TSLM_PEER_FAILED', `the peer failed: ${await errors}`, {
      hint: 'smaller sizes, or another Python: TSLM_PYTHON=/path/to/python3',
    });
  };
  const ready = await answer<{ torch: string; threads: number }>();
  return {
    ...ready,
    step() {
      child.stdin.write('step\n');
      return answer<PeerStep>();
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** Why the process ended: the last line that it wrote on stderr, or the signal. */
function collectErrors(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = '';
  child.stderr.on('data', (part: Buffer) => {
    text += part;
  });
  child.stdin.on('error', () => {}); // it has ended already, which the answer that does not come says
  return new Promise(resolve => {
    child.on('error', error => resolve(error.message));
    child.on('close', (code, signal) =>
      resolve(signal ? `ended by ${signal}` : text.trim().split('\n').at(-1) || `exit code ${code}`),
    );
  });
}
