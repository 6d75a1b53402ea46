/**
 * A model behind any server with OpenAI's `/v1/completions` as benchmarks ask it: `echo` gives a text back with the log-probability of
 * each of its tokens, as lm-evaluation-harness's `local-completions` uses it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UserError, usageError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { encodeContext, encodePair, moveSpace, prefixTokenId } from './encode-pair.ts';
import type { EvaluatedModel, Loglikelihood, RequestOptions } from './evaluated-model.ts';
import { cutAt } from './generate-until.ts';
import { rollingWindows } from './rolling-windows.ts';

export interface ServedOptions {
  /** Up to and with `/v1`. */
  baseUrl: string;
  /** As the server calls it. Default: the only one that it has. */
  model?: string;
  /** Of the model: texts are cut into tokens here, and a text without context follows the start token. */
  tokenizer?: Tokenizer;
  /** Most tokens that the model reads, with a tokenizer. Default 2048. */
  maxLength?: number;
  /** Prompts of a request. Default 32. */
  batchSize?: number;
  /** Sent as a bearer token. */
  apiKey?: string;
  /** How often a request is tried. Default 3. */
  tries?: number;
}

interface Choice {
  index: number;
  text: string;
  logprobs?: {
    token_logprobs: (number | null)[];
    top_logprobs?: (Record<string, number> | null)[] | null;
    text_offset?: number[];
  } | null;
}

/** A text, or tokens; `from` is where what is asked for begins: a code point, or a token. */
interface Scored {
  prompt: string | number[];
  from: number;
  to: number;
}

/** @throws UserError when the server has several models and none is named, or does not answer */
export async function openServedModel({
  baseUrl,
  model: given,
  tokenizer,
  maxLength = 2048,
  batchSize = 32,
  apiKey,
  tries = 3,
}: ServedOptions): Promise<EvaluatedModel & { model: string }> {
  const url = baseUrl.replace(/\/+$/, '');
  const server = { url, apiKey, tries };
  const model = given ?? (await onlyModel(server));
  const where = `${url} (${model})`;
  // A token is written behind what is scored.
  const room = maxLength - 1;

  async function inBatches<Request, Answer>(
    requests: readonly Request[],
    ask: (batch: readonly Request[]) => Promise<Answer[]>,
    { onProgress, signal }: RequestOptions = {},
  ): Promise<Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < requests.length) {
      signal?.throwIfAborted();
      answers.push(...(await ask(requests.slice(answers.length, answers.length + batchSize))));
      onProgress?.(answers.length, requests.length);
    }
    return answers;
  }

  const complete = async (body: Record<string, unknown>, count: number): Promise<Choice[]> => {
    const answer = await post(server, '/completions', { model, ...body });
    const choices = (answer as { choices?: Choice[] }).choices;
    if (choices?.length === count) return [...choices].sort((a, b) => a.index - b.index);
    throw new UserError('TSLM_SERVER', `${where}: ${choices?.length ?? 'no'} answers came to ${count} prompts`, {
      hint: 'the server does not take several prompts at once: --batch-size 1',
    });
  };

  /** The end of a context that is too long, where its tokens are known. */
  const promptOf = (context: string, maxNewTokens: number): string | number[] => {
    const ids = tokenizer && encodeContext(tokenizer, context);
    if (!ids || ids.length + maxNewTokens <= room) return context;
    if (maxNewTokens < room) return ids.slice(-(room - maxNewTokens));
    throw usageError(
      'TSLM_NO_ROOM',
      `${where}: answers of ${maxNewTokens} tokens leave no room for a prompt in ${maxLength}`,
      'give a smaller max_gen_toks: --gen-kwargs max_gen_toks=64',
    );
  };

  const score = async (batch: readonly Scored[]): Promise<Loglikelihood[]> => {
    const body = {
      prompt: batch.map(({ prompt }) => prompt),
      max_tokens: 1,
      temperature: 0,
      echo: true,
      logprobs: 1,
      seed: SEED,
    };
    return (await complete(body, batch.length)).map((choice, i) => scoreOf(choice, batch[i], where));
  };

  return {
    name: where,
    model,
    scoring: 'causal',
    loglikelihood: async (requests, options) =>
      inBatches(
        requests.map((request, i): Scored => {
          if (tokenizer) {
            const { context, continuation } = encodePair(tokenizer, request, i + 1);
            const ids = [...context, ...continuation].slice(-room);
            return { prompt: ids, from: ids.length - continuation.length, to: ids.length };
          }
          const { context, continuation } = moveSpace(request);
          if (context === '') throw withoutContext(where);
          const text = context + continuation;
          return { prompt: text, from: [...context].length, to: [...text].length };
        }),
        score,
        options,
      ),
    async loglikelihoodRolling(texts, options) {
      if (!tokenizer) throw withoutContext(where);
      const windows = texts.map(text =>
        rollingWindows(encodeContext(tokenizer, text), prefixTokenId(tokenizer), room - 1),
      );
      const asked = windows.flat().map(({ context, scored }): Scored => {
        const ids = [...context, ...scored];
        return { prompt: ids, from: context.length, to: ids.length };
      });
      const found = await inBatches(asked, score, options);
      return partsOf(
        found,
        windows.map(({ length }) => length),
      ).map((own, i) => ({
        logProb: own.reduce((sum, { logProb }) => sum + logProb, 0),
        tokens: own.reduce((sum, { tokens }) => sum + tokens, 0),
        bytes: Buffer.byteLength(texts[i]),
      }));
    },
    generateUntil: (requests, options) =>
      inBatches(
        requests,
        // Prompts of a request share their settings; batches of equal ones are long enough to matter.
        async batch => {
          const texts = new Array<string>(batch.length);
          for (const group of alike(
            batch.map(({ until, maxNewTokens, options: own }) => JSON.stringify([until, maxNewTokens, own])),
          )) {
            const { until, maxNewTokens, options: own } = batch[group[0]];
            const body = {
              prompt: group.map(i => promptOf(batch[i].context, maxNewTokens)),
              max_tokens: maxNewTokens,
              stop: until.filter(stop => stop !== '').slice(0, MOST_STOPS),
              seed: SEED,
              ...generationOptions(own),
            };
            for (const [i, { text }] of (await complete(body, group.length)).entries()) {
              texts[group[i]] = cutAt(text, until);
            }
          }
          return texts;
        },
        options,
      ),
    [Symbol.dispose]() {},
  };
}

const SEED = 1234;
/** Most stop sequences of a request to OpenAI's API; the text is cut at the others here. */
const MOST_STOPS = 4;

function scoreOf({ logprobs }: Choice, { prompt, from, to }: Scored, where: string): Loglikelihood {
  const { token_logprobs: all, top_logprobs: top, text_offset: offsets } = logprobs ?? { token_logprobs: [] };
  if (all.length === 0 || (typeof prompt === 'string' && offsets === undefined)) {
    throw new UserError('TSLM_NOT_SUPPORTED', `${where}: the server does not tell how probable a text is`, {
      hint: 'it has to know `echo` and `logprobs` of /v1/completions; choose tasks of the type generate_until',
    });
  }
  const isAsked = (token: number): boolean =>
    typeof prompt === 'string' ? offsets![token] >= from && offsets![token] < to : token >= from && token < to;
  const tokens = [...all.keys()].filter(isAsked);
  if (tokens.length === 0 || tokens.some(token => all[token] === null)) throw withoutContext(where);
  return {
    logProb: tokens.reduce((sum, token) => sum + all[token]!, 0),
    isGreedy: tokens.every(token => {
      const most = Math.max(...Object.values(top?.[token] ?? {}));
      return all[token]! >= most;
    }),
    tokens: tokens.length,
  };
}

const withoutContext = (where: string): UserError =>
  usageError(
    'TSLM_NEEDS_TOKENIZER',
    `${where}: a text without anything before it has no probability without its start token`,
    'give the folder of its tokenizer: --tokenizer models/gpt2',
  );

function alike(keys: readonly string[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) groups.set(key, [...(groups.get(key) ?? []), i]);
  return [...groups.values()];
}

/** What is drawn is drawn as asked; what is not has temperature 0. */
function generationOptions(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { do_sample: draws, temperature, ...rest } = given;
  return { temperature: draws === true ? (temperature ?? 1) : 0, ...rest };
}

interface Server {
  url: string;
  apiKey?: string;
  tries: number;
}

async function onlyModel(server: Server): Promise<string> {
  const { data = [] } = (await request(server, '/models')) as { data?: { id: string }[] };
  if (data.length === 1) return data[0].id;
  throw usageError(
    'TSLM_SEVERAL_MODELS',
    `${server.url}: the server has ${data.length} models`,
    `name one: tslm evaluate ${data[0]?.id ?? 'NAME'} --base-url ${server.url}`,
  );
}

const post = (server: Server, path: string, body: unknown): Promise<unknown> =>
  request(server, path, { method: 'POST', body: JSON.stringify(body) });

/** Tries again what may pass: a server that is busy, restarts, or does not answer. */
async function request({ url, apiKey, tries }: Server, path: string, init: RequestInit = {}): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    try {
      const answer = await fetch(`${url}${path}`, { ...init, headers });
      const text = await answer.text();
      if (answer.ok) return JSON.parse(text);
      problem = `${answer.status} ${messageIn(text)}`;
      if (answer.status < 500 && answer.status !== 429) {
        throw new UserError('TSLM_SERVER', `${url}${path}: the server refuses: ${problem}`, {
          hint: 'what was answered is kept with --use-cache',
        });
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      const cause = (error as { cause?: { code?: string } }).cause;
      problem = cause?.code ?? messageOf(error);
    }
    if (attempt >= tries) {
      throw new UserError('TSLM_SERVER_GONE', `${url}${path}: the server does not answer: ${problem}`, {
        hint: 'run the same command again when it does: what was answered is kept with --use-cache',
      });
    }
    await sleep(250 * 2 ** attempt);
  }
}

function messageIn(text: string): string {
  try {
    return String((JSON.parse(text) as { error?: { message?: string } }).error?.message ?? text).slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}
