/** Work that takes minutes, in a worker: what it is told, what it tells, and how a signal stops it. */
import type { Perplexity } from '../evaluate/perplexity.ts';
import type { FinetuneOptions } from '../runs/finetune/finetune.ts';
import type { RunResult } from '../runs/run.ts';
import type { RunHooks } from '../runs/run-hooks.ts';
import { UserError } from '../support/errors.ts';
import { explainShortage } from '../support/memory-errors.ts';
import { startWorker } from '../support/workers.ts';
import { configureRuntime } from '../torch/cpu.ts';

/** Texts that become a corpus before a run begins. */
export interface CorpusJob {
  inputs: readonly string[];
  out: string;
  vocabSize?: number;
  tokenizer?: string;
}

export interface Jobs {
  train: { input: { recipe: Record<string, unknown>; folder: string; corpus?: CorpusJob }; result: RunResult };
  finetune: { input: { model: string; data: string; options: FinetuneOptions }; result: RunResult };
  resume: { input: { folder: string; set?: readonly string[] }; result: RunResult };
  evaluate: { input: { model: string; corpus: string; split: 'train' | 'validation' | 'test' }; result: Perplexity };
}

export type Job = { [Name in keyof Jobs]: { name: Name; input: Jobs[Name]['input'] } }[keyof Jobs];

export type JobHooks = RunHooks & { onPrepare?(stage: string, done?: number, total?: number): void };

export type FromJob =
  | { kind: 'hook'; name: keyof JobHooks; given: unknown[] }
  | { kind: 'done'; result: unknown }
  | { kind: 'failed'; error: { message: string; stack?: string; code?: string; hint?: string; exitCode?: 1 | 2 } };

/** What was thrown, as data. */
export function failure(thrown: unknown): FromJob & { kind: 'failed' } {
  const error = explainShortage(thrown);
  if (error instanceof UserError) {
    const { message, code, hint, exitCode } = error;
    return { kind: 'failed', error: { message, code, hint, exitCode } };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', error: { message, stack } };
}

function thrownOf({ error: { message, stack, code, hint, exitCode } }: FromJob & { kind: 'failed' }): Error {
  if (code !== undefined) return new UserError(code, message, { hint, exitCode });
  return Object.assign(new Error(message), { stack: stack ?? message });
}

/**
 * Does a job in a worker of its own.
 *
 * @param signal asks the job to stop where it can go on from; a job that cannot is rejected with the signal's reason
 */
export function runJob<Name extends keyof Jobs>(
  name: Name,
  input: Jobs[Name]['input'],
  { signal, ...hooks }: JobHooks & { signal?: AbortSignal } = {},
): Promise<Jobs[Name]['result']> {
  signal?.throwIfAborted();
  configureRuntime(); // libtorch reads the environment of the process, not that of a worker
  return new Promise((resolve, reject) => {
    const worker = startWorker(import.meta.url, './job-worker', { workerData: { name, input } });
    const stop = (): void => worker.postMessage('stop');
    signal?.addEventListener('abort', stop, { once: true });
    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', stop);
      settle();
      void worker.terminate();
    };
    worker.on('message', (message: FromJob) => {
      if (message.kind === 'done') end(() => resolve(message.result as Jobs[Name]['result']));
      else if (message.kind === 'failed') end(() => reject(signal?.aborted ? signal.reason : thrownOf(message)));
      else {
        try {
          (hooks[message.name] as ((...given: unknown[]) => void) | undefined)?.(...message.given);
        } catch (error) {
          end(() => reject(error)); // the caller's own mistake ends the work
        }
      }
    });
    worker.on('error', error => end(() => reject(explainShortage(error))));
    worker.on('exit', code => end(() => reject(new Error(`the worker has ended with code ${code}`))));
  });
}
