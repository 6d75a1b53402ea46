/** `POST /v1/translate` and `POST /v1/summarize`: what an encoder–decoder makes of a text. */
import type { z } from 'zod';
import type { Ability } from '../../../engine/protocol.ts';
import type { TextToTextTask } from '../../../tasks/text-to-text.ts';
import { type Call, type Endpoint, endpoint, generate } from '../call.ts';
import { badParameter } from '../parameters.ts';
import { checkLengths, samplingRequest } from '../sampling-request.ts';
import { rewriting, rewritingChunk } from '../schemas/answers/tasks.ts';
import { limitOf } from '../schemas/sampling.ts';
import { rewriteSchema, translateSchema } from '../schemas/tasks.ts';
import { DONE, dataFrame, eventStream } from '../stream/event-stream.ts';
import { merge } from '../stream/merge.ts';
import { type Tokens, usageOf } from '../usage.ts';
import { newId } from '../work.ts';
import { AT_ONCE } from './completions.ts';

type Piece = { index: number; text: string; reason?: string } | { usage: Tokens };
type Body = z.output<typeof rewriteSchema>;

interface Rewriting<Schema extends typeof rewriteSchema> extends Pick<Endpoint<Schema>, 'path' | 'summary' | 'schema'> {
  ability: Ability;
  taskOf: (body: z.output<Schema>) => TextToTextTask;
}

const rewriteEndpoint = <Schema extends typeof rewriteSchema>({ taskOf, ...about }: Rewriting<Schema>): Endpoint =>
  endpoint<Schema>({
    ...about,
    input: 'input',
    answer: rewriting,
    streamed: rewritingChunk,
    async handle(call) {
      const { body, work } = call;
      checkLengths(body.min_tokens, limitOf(body.max_tokens));
      const inputs = typeof body.input === 'string' ? [body.input] : body.input;
      if (inputs.includes('')) throw badParameter('input', 'a text is empty');
      const pieces = piecesOf(call, inputs, taskOf(body));
      return body.stream
        ? eventStream(work, frames(call, pieces))
        : Response.json(await collect(call, pieces, inputs.length));
    },
  });

export const translate = rewriteEndpoint({
  path: '/v1/translate',
  summary: 'translates texts',
  schema: translateSchema,
  ability: 'translate',
  taskOf: ({ source_language: sourceLanguage, target_language: targetLanguage }) => ({
    name: 'translation',
    sourceLanguage,
    targetLanguage,
  }),
});
export const summarize = rewriteEndpoint({
  path: '/v1/summarize',
  summary: 'summarizes texts',
  schema: rewriteSchema,
  ability: 'summarize',
  taskOf: () => ({ name: 'summarization' }),
});

async function* piecesOf(call: Call<Body>, inputs: readonly string[], task: TextToTextTask): AsyncGenerator<Piece> {
  const request = { ...samplingRequest(call.body, call.card), maxTokens: limitOf(call.body.max_tokens) };
  const usage: Tokens = { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, completionTokens: 0 };
  const starts = inputs.map(
    text => (signal: AbortSignal) => generate(call, { ...request, prompt: { text, task } }, signal),
  );
  for await (const [index, event] of merge(starts, call.work.signal, AT_ONCE)) {
    if (event.type === 'text') yield { index, text: event.text };
    else if (event.type === 'finish') yield { index, text: '', reason: event.reason };
    else if (event.type === 'end') {
      usage.promptTokens += event.promptTokens;
      usage.cachedTokens += event.cachedTokens;
      usage.cacheWriteTokens! += event.cacheWriteTokens ?? 0;
      usage.completionTokens += event.completionTokens;
    }
  }
  yield { usage };
}

async function collect({ model }: Call<Body>, pieces: AsyncIterable<Piece>, count: number) {
  const data = Array.from({ length: count }, (_, index) => ({ index, text: '', finish_reason: 'stop' }));
  let usage: Tokens | undefined;
  for await (const piece of pieces) {
    if ('usage' in piece) {
      usage = piece.usage;
      continue;
    }
    data[piece.index].text += piece.text;
    data[piece.index].finish_reason = piece.reason ?? data[piece.index].finish_reason;
  }
  return { id: newId('text-'), object: 'list', model, data, usage: usage && usageOf(usage) };
}

async function* frames({ model }: Call<Body>, pieces: AsyncIterable<Piece>): AsyncGenerator<string> {
  const head = { id: newId('text-'), object: 'list.chunk', model };
  for await (const piece of pieces) {
    if ('usage' in piece) yield dataFrame({ ...head, data: [], usage: usageOf(piece.usage) });
    else
      yield dataFrame({
        ...head,
        data: [{ index: piece.index, text: piece.text, finish_reason: piece.reason ?? null }],
      });
  }
  yield DONE;
}
