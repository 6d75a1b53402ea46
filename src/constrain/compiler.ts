/**
 * Constraints are compiled in a thread of their own, one after the other: the thread of a model goes on meanwhile. What
 * takes too long or too much memory ends with that thread, and the next one starts anew.
 */
import type { Worker } from 'node:worker_threads';
import { UserError, usageError } from '../support/errors.ts';
import { startWorker } from '../support/workers.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { CompilerAnswer, CompilerQuestion } from './compiler-worker.ts';
import type { Program } from './grammar/program.ts';
import { type ConstraintSource, compileSource } from './source.ts';
import { vocabularyDataOf } from './vocabulary/vocabulary.ts';
import { type VocabularyData, vocabularyFrom } from './vocabulary/vocabulary-data.ts';

export interface ConstraintCompiler extends Disposable {
  /** @throws UserError when it cannot be followed, or takes more time or memory than it may */
  compile(source: ConstraintSource): Program | Promise<Program>;
  vocabulary(): VocabularyData | Promise<VocabularyData>;
}

export function compilerInThread(tokenizer: Tokenizer): ConstraintCompiler {
  const vocabulary = (): VocabularyData => vocabularyDataOf(tokenizer);
  return {
    compile: source => compileSource(source, vocabularyFrom(vocabulary(), []).isUsable),
    vocabulary,
    [Symbol.dispose]() {},
  };
}

export interface CompilerOptions {
  /** Milliseconds that a constraint may take. Default 5000. */
  timeLimit?: number;
  /** Megabytes that the thread may hold. Default 1024. */
  memoryLimit?: number;
}

interface Question {
  question: CompilerQuestion;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** @param folder of the tokenizer */
export function startCompiler(folder: string, options: CompilerOptions = {}): ConstraintCompiler {
  const { timeLimit = 5000, memoryLimit = 1024 } = options;
  const waiting: Question[] = [];
  let worker: Worker | undefined;
  let current: Question | undefined;
  let timer: NodeJS.Timeout | undefined;
  let vocabulary: Promise<VocabularyData> | undefined;
  let isClosed = false;

  function start(): Worker {
    const started = startWorker(import.meta.url, './compiler-worker', {
      workerData: { folder },
      resourceLimits: { maxOldGenerationSizeMb: memoryLimit },
    });
    started.on('message', (answer: CompilerAnswer) => {
      if (started !== worker) return;
      if (answer.kind === 'ready') ask();
      else if (answer.kind === 'result') finish(question => question.resolve(answer.result));
      else finish(question => question.reject(new UserError(answer.code, answer.message, answer)));
    });
    started.on('error', error => {
      if (started !== worker) return;
      worker = undefined;
      const isFull = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
      finish(({ reject }) => reject(isFull ? tooLarge(`${memoryLimit} MB of memory`) : error));
    });
    return started;
  }

  /** The time of a question runs once the thread is there to answer it. */
  function ask(): void {
    if (!current || !worker) return;
    const { question } = current;
    worker.ref(); // a question keeps the process alive, a thread that waits does not
    worker.postMessage(question);
    if (question.kind === 'vocabulary') return;
    timer = setTimeout(() => {
      const stuck = worker!;
      worker = undefined;
      void stuck.terminate();
      finish(({ reject }) => reject(tooLarge(`${timeLimit / 1000} s`)));
    }, timeLimit);
    timer.unref();
  }

  function finish(settle: (question: Question) => void): void {
    clearTimeout(timer);
    worker?.unref();
    const done = current;
    current = undefined;
    if (done) settle(done);
    next();
  }

  function next(): void {
    if (current || isClosed) return;
    current = waiting.shift();
    if (!current) return;
    if (worker) ask();
    else worker = start();
  }

  const enqueue = <T>(question: CompilerQuestion): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ question, resolve: resolve as (value: unknown) => void, reject });
      next();
    });

  return {
    compile: source => enqueue<Program>({ kind: 'compile', source }),
    vocabulary() {
      vocabulary ??= enqueue<VocabularyData>({ kind: 'vocabulary' });
      return vocabulary;
    },
    [Symbol.dispose]() {
      isClosed = true;
      clearTimeout(timer);
      const closed = usageError('TSLM_CLOSED', 'the model was closed', 'load it again');
      for (const { reject } of [...(current ? [current] : []), ...waiting]) reject(closed);
      void worker?.terminate();
      worker = undefined;
    },
  };
}

const tooLarge = (limit: string): UserError =>
  usageError(
    'TSLM_CONSTRAINT_TOO_LARGE',
    `the constraint takes more than ${limit} to compile`,
    'describe less: alternatives in allOf multiply, and so do patterns that must hold together',
  );
