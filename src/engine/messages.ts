/** What a model's worker and its host say to each other; errors cross as data. */
import type { InferenceType } from '../models/load-for-inference.ts';
import { UserError } from '../support/errors.ts';
import { explainShortage } from '../support/memory-errors.ts';
import type { EngineLimits } from './local-engine.ts';
import type { Calls, EngineStats, GenerationEvent, GenerationRequest, ModelCard, Owner, Results } from './protocol.ts';

export interface OpenOptions extends EngineLimits {
  /** Name of the model in requests. Default the folder's. */
  name?: string;
  dtype?: InferenceType;
  /** Refuse files with keys that have no effect. Default false: they are among the notes. */
  strict?: boolean;
}

export interface WorkerData {
  folder: string;
  options: OpenOptions;
}

export type ToWorker =
  | { id: number; kind: 'generate'; request: GenerationRequest; owner?: Owner }
  | { id: number; kind: 'cancel' }
  | { id: number; kind: 'call'; name: keyof Calls; input: Calls[keyof Calls]; owner?: Owner }
  | { id: number; kind: 'stats' }
  | { id: number; kind: 'loadAdapter'; name: string; path: string }
  | { id: number; kind: 'unloadAdapter'; name: string }
  | { id: number; kind: 'close' };

export type FromWorker =
  | { kind: 'ready'; card: ModelCard; notes: string[] }
  /** What a step gave to each request. */
  | { kind: 'events'; events: [id: number, events: GenerationEvent[]][] }
  | { kind: 'result'; id: number; result: Results[keyof Results] | EngineStats | string | undefined }
  /** Without an id: the model could not be opened, or cannot go on. */
  | { kind: 'error'; id?: number; error: ErrorData };

export interface ErrorData {
  message: string;
  /** Of a mistake of ours, for the log. */
  stack?: string;
  /** Of a `UserError`; what else is thrown is a mistake of ours. */
  code?: string;
  hint?: string;
  exitCode?: 1 | 2;
}

const SAVE_MEMORY =
  'start the server with a smaller --memory, --max-batch or --max-context, serve a smaller model, or free some memory';

export function toData(thrown: unknown): ErrorData {
  const error = explainShortage(thrown);
  if (!(error instanceof UserError)) {
    return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
  }
  const { message, code, hint, exitCode } = error;
  return { message, code, hint: code === 'TSLM_OUT_OF_MEMORY' ? SAVE_MEMORY : hint, exitCode };
}

export function fromData({ message, stack, code, hint, exitCode }: ErrorData): Error {
  if (code !== undefined) return new UserError(code, message, { hint, exitCode });
  return Object.assign(new Error(message), { stack: stack ?? message });
}
