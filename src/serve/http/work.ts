/** One request from its first byte to its last: what ends it, what it has used, and who must know when it is over. */
import { randomBytes } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { RequestError } from '../../engine/request-error.ts';
import { messageOf } from '../../support/errors.ts';
import type { ParameterNames } from './errors.ts';
import type { KeyHolder } from './keys/key-holder.ts';

export interface Work {
  readonly id: string;
  /** Aborts when the client goes, when time is up, or when the server must end. */
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  /** Whose key was given. */
  holder?: KeyHolder;
  /** Id of the answer: response, log and store call it the same. */
  answer?: string;
  /** Lets go of the model that answers. */
  release?: () => void;
  /** Name of the model, once known to be one. */
  model?: string;
  /** What errors of the engine are about, as the request calls it. */
  readonly names: ParameterNames;
  promptTokens: number;
  completionTokens: number;
  /** What was thrown, for the log. */
  error?: unknown;
  /** Told how the request ended, where somebody learns from it. */
  ended?: (outcome: { failed: boolean; milliseconds: number; tokens: number }) => void;
  /** Settles when the body has been sent, of a response that goes on after its handler. */
  body?: Promise<void>;
}

/** The types of the app's variables, for Hono. */
export type Env = { Variables: { work: Work }; Bindings: Partial<HttpBindings> };

/** @param timeoutMs milliseconds that a request may take; Infinity: as long as it likes */
export function startWork(client: AbortSignal, timeoutMs: number): { work: Work; end: () => void } {
  const controller = new AbortController();
  const leave = (): void =>
    controller.abort(new RequestError('TSLM_CLIENT_CLOSED', `the client has left: ${messageOf(client.reason)}`));
  client.addEventListener('abort', leave, { once: true });
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => controller.abort(timedOut(timeoutMs)), timeoutMs).unref()
    : undefined;
  const work: Work = {
    id: `req_${randomBytes(12).toString('hex')}`,
    signal: controller.signal,
    abort: reason => controller.abort(reason),
    names: {},
    promptTokens: 0,
    completionTokens: 0,
  };
  const end = (): void => {
    clearTimeout(timer);
    client.removeEventListener('abort', leave);
  };
  if (client.aborted) leave();
  return { work, end };
}

const timedOut = (milliseconds: number): RequestError =>
  new RequestError('TSLM_TIMEOUT', `the request took more than ${Math.round(milliseconds / 1000)} seconds`, {
    hint: 'ask for fewer tokens, or start the server with a longer --timeout',
  });

/** `chatcmpl-…`, `cmpl-…`, `resp_…` */
export const newId = (prefix: string): string => prefix + randomBytes(12).toString('hex');

/** Of the client, where there is a socket. */
export const addressOf = (c: Context<Env>): string => c.env?.incoming?.socket.remoteAddress ?? '';

export const secondsNow = (): number => Math.floor(Date.now() / 1000);
