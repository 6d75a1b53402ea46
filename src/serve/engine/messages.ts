/** What a model's worker and its host say to each other; errors cross as data. */
import type { InferenceType } from '../../models/load-for-inference.ts';
import { UserError } from '../../support/errors.ts';
import type { Calls, EngineStats, GenerationEvent, GenerationRequest, ModelCard, Results } from '../protocol.ts';
import type { EngineLimits } from './local-engine.ts';

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
  | { id: number; kind: 'generate'; request: GenerationRequest }
  | { id: number; kind: 'cancel' }
  | { id: number; kind: 'call'; name: keyof Calls; input: Calls[keyof Calls] }
  | { id: number; kind: 'stats' }
  | { id: number; kind: 'loadAdapter'; name: string; path: string }
  | { id: number; kind: 'unloadAdapter'; name: string }
  | { id: number; kind: 'close' };

export type FromWorker =
  | { kind: 'ready'; card: ModelCard; notes: string[] }
  /** What a step gave to each request. */
  | { kind: 'events'; events: [id: number, events: GenerationEvent[]][] }
  | { kind: 'result'; id: number; result: Results[keyof Results] | EngineStats | undefined }
  /** Without an id: the model could not be opened. */
  | { kind: 'error'; id?: number; error: ErrorData };

export interface ErrorData {
  message: string;
  /** Of a `UserError`; what else is thrown is a mistake of ours. */
  code?: string;
  hint?: string;
  exitCode?: 1 | 2;
}

export function toData(error: unknown): ErrorData {
  if (!(error instanceof UserError))
    return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  const { message, code, hint, exitCode } = error;
  return { message, code, hint, exitCode };
}

export const fromData = ({ message, code, hint, exitCode }: ErrorData): Error =>
  code === undefined ? new Error(message) : new UserError(code, message, { hint, exitCode });
