/** `POST /v1/completions` (OpenAI, Completions): texts that go on, several at once, and with `echo` their scores. */
import type { GenerationRequest, Prompt, TokenInfo } from '../../../engine/protocol.ts';
import { type Call, endpoint, generate } from '../call.ts';
import { createLegacyLogprobs, type LegacyLogprobs } from '../logprobs.ts';
import { badParameter } from '../parameters.ts';
import { checkLengths, checkStreamOptions, samplingRequest } from '../sampling-request.ts';
import { completion, completionChunk } from '../schemas/answers/completions.ts';
import { type CompletionsBody, completionsSchema } from '../schemas/completions.ts';
import { limitOf } from '../schemas/sampling.ts';
import { DONE, dataFrame, eventStream } from '../stream/event-stream.ts';
import { merge } from '../stream/merge.ts';
import { type Tokens, usageOf } from '../usage.ts';
import { secondsNow } from '../work.ts';

/** Prompts of one request that are read side by side: the others wait, so that one request does not fill the queue. */
export const AT_ONCE = 32;

export const completions = endpoint({
  path: '/v1/completions',
  summary: 'goes on with texts; `echo` with `logprobs` scores them',
  schema: completionsSchema,
  answer: completion,
  streamed: completionChunk,
  input: 'prompt',
  ability: 'generate',
  answers: 'cmpl-',
  async handle(call) {
    const { body, card, work } = call;
    checkStreamOptions(body);
    const { n = 1, best_of: bestOf, echo, logprobs } = body;
    const maxTokens = limitOf(body.max_tokens ?? 16);
    checkLengths(body.min_tokens, maxTokens);
    work.names.constraint = 'structured_outputs';
    if (maxTokens === 0 && !echo) throw badParameter('max_tokens', '0 goes with echo', 'ask for one token or more');
    if (bestOf !== undefined && bestOf < n) throw badParameter('best_of', `is less than n, ${n}`);
    const prompts = promptsOf(body.prompt, card.vocabularySize);
    if (call.recording && (prompts.length > 1 || 'ids' in prompts[0])) {
      throw badParameter('store', 'goes with one prompt that is a text', 'ask for one at a time, or leave store out');
    }
    const request: Omit<GenerationRequest, 'prompt'> = {
      ...samplingRequest(body, card),
      maxTokens,
      logprobs,
      promptLogprobs: echo ? (logprobs ?? (maxTokens === 0 ? 0 : undefined)) : undefined,
    };
    const pieces = piecesOf(call, prompts, request);
    return body.stream
      ? eventStream(work, frames(call, pieces))
      : Response.json(await collect(call, pieces, prompts.length * n));
  },
});

/** @throws RequestError when there are ids that the model does not have */
export function promptsOf(
  prompt: CompletionsBody['prompt'],
  vocabularySize = Infinity,
): Exclude<Prompt, { messages: unknown }>[] {
  const list = typeof prompt === 'string' || typeof prompt[0] === 'number' ? [prompt as string | number[]] : prompt;
  return (list as (string | number[])[]).map(one => {
    if (typeof one === 'string') return { text: one };
    const strange = one.find(id => id >= vocabularySize);
    if (strange !== undefined) throw badParameter('prompt', `the model has no token ${strange}`);
    return { ids: one };
  });
}

/** What comes for a choice: its text and log-probabilities, or the reason why it is over. */
type Piece = { index: number; text: string; logprobs?: LegacyLogprobs; reason?: string } | { usage: Tokens };

async function* piecesOf(
  call: Call<CompletionsBody>,
  prompts: readonly Exclude<Prompt, { messages: unknown }>[],
  request: Omit<GenerationRequest, 'prompt'>,
): AsyncGenerator<Piece> {
  const { n = 1, echo, logprobs } = call.body;
  const usage: Tokens = { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, completionTokens: 0 };
  const texts = echo ? await Promise.all(prompts.map(prompt => textOf(call, prompt))) : [];
  const legacy = Array.from({ length: prompts.length * n }, createLegacyLogprobs);
  const logprobsOf = (index: number, tokens: readonly TokenInfo[] | undefined): LegacyLogprobs | undefined =>
    logprobs === undefined || !tokens?.length ? undefined : legacy[index](tokens);
  const starts = prompts.map(prompt => (signal: AbortSignal) => generate(call, { ...request, prompt }, signal));
  for await (const [number, event] of merge(starts, call.work.signal, AT_ONCE)) {
    if (event.type === 'start') {
      if (!echo) continue;
      for (let index = number * n; index < (number + 1) * n; index++) {
        yield { index, text: texts[number], logprobs: logprobsOf(index, event.prompt) };
      }
    } else if (event.type === 'text') {
      const index = number * n + event.index;
      yield { index, text: event.text, logprobs: logprobsOf(index, event.tokens) };
    } else if (event.type === 'finish') {
      yield { index: number * n + event.index, text: '', reason: event.reason };
    } else {
      usage.promptTokens += event.promptTokens;
      usage.cachedTokens += event.cachedTokens;
      usage.cacheWriteTokens! += event.cacheWriteTokens ?? 0;
      usage.completionTokens += event.completionTokens;
    }
  }
  yield { usage };
}

async function textOf(
  { engine, work }: Call<CompletionsBody>,
  prompt: Exclude<Prompt, { messages: unknown }>,
): Promise<string> {
  if ('text' in prompt) return prompt.text;
  return (await engine.call('detokenize', { ids: prompt.ids }, work.signal)).text;
}

async function collect(
  { model, body, card, work }: Call<CompletionsBody>,
  pieces: AsyncIterable<Piece>,
  count: number,
) {
  const choices = Array.from({ length: count }, (_, index) => ({
    text: '',
    index,
    logprobs: body.logprobs === undefined ? null : emptyLogprobs(),
    finish_reason: body.max_tokens === 0 ? 'length' : 'stop',
  }));
  let usage: Tokens | undefined;
  for await (const piece of pieces) {
    if ('usage' in piece) {
      usage = piece.usage;
      continue;
    }
    const choice = choices[piece.index];
    choice.text += piece.text;
    choice.finish_reason = piece.reason ?? choice.finish_reason;
    if (piece.logprobs) append(choice.logprobs!, piece.logprobs);
  }
  return {
    id: work.answer,
    object: 'text_completion',
    created: secondsNow(),
    model,
    system_fingerprint: card.fingerprint ?? null,
    choices,
    usage: usage && usageOf(usage),
  };
}

const emptyLogprobs = (): LegacyLogprobs => ({ tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });

function append(to: LegacyLogprobs, more: LegacyLogprobs): void {
  for (const key of Object.keys(to) as (keyof LegacyLogprobs)[]) {
    for (const value of more[key]) (to[key] as unknown[]).push(value);
  }
}

async function* frames(
  { model, body, card, work }: Call<CompletionsBody>,
  pieces: AsyncIterable<Piece>,
): AsyncGenerator<string> {
  const wantsUsage = body.stream_options?.include_usage === true;
  const head = {
    id: work.answer,
    object: 'text_completion',
    created: secondsNow(),
    model,
    system_fingerprint: card.fingerprint ?? null,
  };
  for await (const piece of pieces) {
    if ('usage' in piece) {
      if (wantsUsage) yield dataFrame({ ...head, choices: [], usage: usageOf(piece.usage) });
      continue;
    }
    const { index, text, logprobs = null, reason = null } = piece;
    yield dataFrame({
      ...head,
      choices: [{ text, index, logprobs, finish_reason: reason }],
      ...(wantsUsage ? { usage: null } : {}),
    });
  }
  yield DONE;
}
