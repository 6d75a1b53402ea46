/** A model behind any server with OpenAI's `/v1/completions` or `/v1/chat/completions`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConstraintSource } from '../../constrain/index.ts';
import { messageOf, UserError, usageError } from '../../support/errors.ts';
import {
  type Completer,
  type Completion,
  type CompletionRequest,
  type ContinuationScore,
  withPrefill,
} from '../completer.ts';

export interface ServedOptions {
  /** Up to and with `/v1`. */
  baseUrl: string;
  /** As the server calls it. Default: the only one that it has. */
  model?: string;
  /** Sent as a bearer token. */
  apiKey?: string;
  /** How often a request is tried. Default 3. */
  tries?: number;
  /** Milliseconds before a request is tried again, doubled each time. Default 250. */
  pause?: number;
}

interface Choice {
  index: number;
  text?: string;
  message?: { content: string | null; reasoning_content?: string | null };
  finish_reason: string | null;
  /** vLLM's: the stop text, or null. */
  stop_reason?: string | number | null;
  logprobs?: {
    token_logprobs?: (number | null)[];
    /** Where each token begins, in code points. */
    text_offset?: number[];
    content?: { logprob: number }[] | null;
  } | null;
}

interface Answer {
  choices?: Choice[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number } | null;
  };
}

/**
 * How probable texts are it tells where the server gives prompts back with `echo`, as `tslm serve` and vLLM do.
 *
 * @throws UserError when the server does not answer, or has several models and none is named
 */
export async function openServedCompleter(options: ServedOptions): Promise<Completer> {
  const server = { ...options, url: options.baseUrl.replace(/\/+$/, ''), tries: options.tries ?? 3 };
  const model = options.model ?? (await onlyModel(server));
  return {
    name: `${server.url} ${model}`,
    isChat: true,
    async complete(request, { signal, onText } = {}) {
      const { prompt, prefill = '', n = 1, maxTokens = 256, temperature = 0, seed } = request;
      const body = {
        model,
        n,
        max_tokens: maxTokens,
        temperature,
        top_p: request.topP,
        top_k: request.topK,
        seed,
        stop: request.stop?.length ? request.stop.slice(0, MOST_STOPS) : undefined,
        ...formatOf(request.constraint, typeof prompt !== 'string'),
      };
      const answer =
        typeof prompt === 'string'
          ? await ask(server, '/completions', { ...body, prompt: prompt + prefill, logprobs: 0 }, signal)
          : await ask(
              server,
              '/chat/completions',
              {
                ...body,
                logprobs: true,
                messages: prefill === '' ? prompt : withPrefill(prompt, prefill),
                ...(prefill !== '' && { continue_final_message: true, add_generation_prompt: false }),
              },
              signal,
            );
      const result = read(answer, request, server.url);
      for (const [i, { text }] of result.completions.entries()) onText?.(i, text);
      return result;
    },
    async score(prompt, continuations, signal) {
      if (typeof prompt !== 'string') {
        throw usageError(
          'TSLM_NOT_ABLE',
          `${server.url}: servers do not tell how probable turns of a conversation are`,
          'set `chat: false` in the prompt file, or give a local model',
        );
      }
      const scores: ContinuationScore[] = [];
      for (const continuation of continuations) {
        // One token more than is scored: not every server writes none.
        const body = { model, prompt: prompt + continuation, max_tokens: 1, temperature: 0, echo: true, logprobs: 1 };
        scores.push(scoreIn(await ask(server, '/completions', body, signal), prompt, continuation, server.url));
      }
      return scores;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Most stop sequences of a request to OpenAI's API; texts are cut at the others here. */
const MOST_STOPS = 4;

function formatOf(constraint: ConstraintSource | undefined, isChat: boolean): Record<string, unknown> {
  if (!constraint) return {};
  const { kind } = constraint;
  if (kind === 'jsonSchema' && isChat) {
    const { schema } = constraint;
    return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } };
  }
  if (kind === 'json' && isChat) return { response_format: { type: 'json_object' } };
  if (kind === 'jsonSchema') return { structured_outputs: { json: constraint.schema } };
  if (kind === 'json') return { structured_outputs: { json_object: true } };
  if (kind === 'regex') return { structured_outputs: { regex: constraint.pattern } };
  if (kind === 'choice') return { structured_outputs: { choice: constraint.choices } };
  return { structured_outputs: { grammar: constraint.grammar } };
}

function read({ choices, usage }: Answer, { n = 1, stop = [] }: CompletionRequest, url: string) {
  if (choices?.length !== n) {
    throw new UserError('TSLM_SERVER', `${url}: ${choices?.length ?? 'no'} texts came where ${n} were asked for`, {
      hint: 'the server does not know `n`: use a strategy that draws one text at a time',
    });
  }
  const completions = [...choices]
    .sort((a, b) => a.index - b.index)
    .map(({ text, message, finish_reason, stop_reason, logprobs }): Completion => {
      const own = logprobs?.token_logprobs ?? logprobs?.content?.map(({ logprob }) => logprob);
      const thought = message?.reasoning_content ? `<think>${message.reasoning_content}</think>` : '';
      return {
        text: cutAt(text ?? thought + (message?.content ?? ''), stop),
        tokens: own?.length ?? Math.round((usage?.completion_tokens ?? 0) / n),
        ...(own && { logProb: own.reduce<number>((sum, value) => sum + (value ?? 0), 0) }),
        reason: finish_reason === 'length' ? 'length' : 'stop',
        ...(stop_reason !== undefined && { stop: typeof stop_reason === 'string' ? stop_reason : null }),
      };
    });
  const promptTokens = usage?.prompt_tokens ?? 0;
  const written = usage?.completion_tokens ?? completions.reduce((sum, { tokens }) => sum + tokens, 0);
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return { completions, promptTokens, computedTokens: promptTokens - cached + written };
}

/** Of the tokens that begin within the continuation. @throws UserError where the server does not give prompts back */
function scoreIn({ choices }: Answer, prompt: string, continuation: string, url: string): ContinuationScore {
  const { token_logprobs: values, text_offset: offsets } = choices?.[0]?.logprobs ?? {};
  const from = [...prompt].length;
  const end = from + [...continuation].length;
  const own = values?.filter((_, i) => offsets !== undefined && offsets[i] >= from && offsets[i] < end) ?? [];
  if (own.length > 0) return { logProb: own.reduce<number>((sum, value) => sum + (value ?? 0), 0), tokens: own.length };
  throw new UserError('TSLM_SERVER', `${url}: the server does not tell how probable a prompt's tokens are`, {
    hint: 'it knows no `echo` with `logprobs`: give a verifier, or a local model',
  });
}

function cutAt(text: string, stops: readonly string[]): string {
  const found = stops.map(stop => text.indexOf(stop)).filter(at => at >= 0);
  return found.length === 0 ? text : text.slice(0, Math.min(...found));
}

type Server = ServedOptions & { url: string; tries: number };

async function onlyModel(server: Server): Promise<string> {
  const { data = [] } = (await ask(server, '/models')) as { data?: { id: string }[] };
  if (data.length === 1) return data[0].id;
  throw usageError(
    'TSLM_SEVERAL_MODELS',
    `${server.url}: the server has ${data.length} models`,
    `name one: --model ${data[0]?.id ?? 'NAME'}`,
  );
}

/** Tries again what may pass: a server that is busy, restarts, or does not answer. */
async function ask(server: Server, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  const { url, apiKey, tries, pause = 250 } = server;
  const headers = { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  const init: RequestInit = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    try {
      const answer = await fetch(`${url}${path}`, { ...init, headers, signal });
      const text = await answer.text();
      if (answer.ok) return JSON.parse(text);
      problem = `${answer.status} ${text.slice(0, 200)}`;
      if (answer.status < 500 && answer.status !== 429) {
        throw new UserError('TSLM_SERVER', `${url}${path}: the server refuses: ${problem}`);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError) throw error;
      const cause = (error as { cause?: { code?: string } }).cause;
      problem = cause?.code ?? messageOf(error);
    }
    if (attempt >= tries) {
      throw new UserError('TSLM_SERVER_GONE', `${url}${path}: the server does not answer: ${problem}`, {
        hint: 'is it up? what was answered is kept with --cache FILE',
      });
    }
    await sleep(pause * 2 ** attempt, undefined, { signal });
  }
}
