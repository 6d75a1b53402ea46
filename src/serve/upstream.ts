/**
 * Another server with OpenAI's API: its models are listed beside the own, and requests for them are passed on as they are,
 * answers and errors too.
 */

import type { ModelCard, ModelPool } from '../engine/protocol.ts';
import { RequestError } from '../engine/request-error.ts';
import { messageOf, UserError } from '../support/errors.ts';
import type { Work } from './http/work.ts';

export interface Upstream {
  models(): readonly ModelCard[];
  has(name: string): boolean;
  /** Sends a body on; `path` is an endpoint's, `/v1/…`. */
  forward(path: string, body: string, work: Work): Promise<Response>;
}

export interface UpstreamOptions {
  /** `https://host/v1`, or without `/v1`. */
  url: string;
  apiKey?: string;
}

/**
 * Asks the server for its models.
 *
 * @throws UserError when it does not answer as such a server does
 */
export async function connectUpstream({ url, apiKey }: UpstreamOptions): Promise<Upstream> {
  const base = url.replace(/\/+$/, '').replace(/\/v1$/, '');
  const authorization: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const cards = await listModels(base, authorization);
  const names = new Set(cards.map(({ id }) => id));
  return {
    models: () => cards,
    has: name => names.has(name),
    async forward(path, body, work) {
      let answer: Response;
      try {
        answer = await fetch(base + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...authorization },
          body,
          signal: work.signal,
        });
      } catch (error) {
        if (work.signal.aborted) throw work.signal.reason;
        throw new RequestError('TSLM_UPSTREAM', `${base} does not answer: ${causeOf(error)}`);
      }
      return passOn(answer, work);
    },
  };
}

async function listModels(base: string, headers: Record<string, string>): Promise<ModelCard[]> {
  const hint = 'give the address of a server with the API of OpenAI';
  let answer: Response;
  try {
    answer = await fetch(`${base}/v1/models`, { headers, signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    throw new UserError('TSLM_UPSTREAM', `${base} does not answer: ${causeOf(error)}`, { hint });
  }
  const listed = answer.ok
    ? ((await answer.json().catch(() => null)) as { data?: { id: string; created?: number }[] } | null)
    : null;
  if (!Array.isArray(listed?.data)) {
    const isRefused = answer.status === 401 || answer.status === 403;
    throw new UserError('TSLM_UPSTREAM', `${base}/v1/models answers with status ${answer.status}`, {
      hint: isRefused ? 'name the variable that has its key with --upstream-key-env' : hint,
    });
  }
  return listed.data.map(({ id, created = 0 }) => ({
    id,
    created,
    upstream: base,
    abilities: ['generate', 'chat', 'embed', 'classify', 'rerank'],
  }));
}

/** Node's fetch says `fetch failed`, and why only in the cause. */
const causeOf = (error: unknown): string => messageOf((error as { cause?: unknown }).cause ?? error);

/** What the transfer between the two servers decides is not passed on. */
const OWN_HEADERS = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'x-request-id',
];

function passOn(answer: Response, work: Work): Response {
  const headers = new Headers(answer.headers);
  for (const name of [...headers.keys()]) {
    if (OWN_HEADERS.includes(name) || name.startsWith('access-control-')) headers.delete(name);
  }
  if (!answer.body) return new Response(null, { status: answer.status, headers });
  let finish!: () => void;
  work.body = new Promise(resolve => {
    finish = resolve;
  });
  const reader = answer.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        work.error = error;
        controller.error(error);
      }
      finish();
    },
    async cancel(reason) {
      work.abort(new RequestError('TSLM_CLIENT_CLOSED', 'the client has left'));
      await reader.cancel(reason).catch(() => {});
      finish();
    },
  });
  return new Response(body, { status: answer.status, headers });
}

/** A pool that lists the models of other servers as well. */
export function withUpstreams(pool: ModelPool, upstreams: readonly Upstream[]): ModelPool {
  return {
    list: () => [...pool.list(), ...upstreams.flatMap(one => one.models())],
    find(name) {
      const upstream = upstreams.flatMap(one => one.models()).find(({ id }) => id === name);
      if (!upstream) return pool.find(name);
      throw new RequestError('TSLM_MODEL_UNSUITABLE', `the model '${name}' is behind ${upstream.upstream}`, {
        param: 'model',
        hint: 'ask for a model of this server',
      });
    },
    get isReady() {
      return pool.isReady;
    },
    states: () => pool.states(),
    load: options => pool.load(options),
    replace: (name, path) => pool.replace(name, path),
    unload: name => pool.unload(name),
    close: () => pool.close(),
  };
}
