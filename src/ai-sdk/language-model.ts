/** A model that writes, for `generateText`, `streamText` and what builds on them. */
import { randomUUID } from 'node:crypto';
import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
} from '@ai-sdk/provider';
import type { Engine } from '../engine/protocol.ts';
import { PROVIDER } from './names.ts';
import { planCall } from './request.ts';
import { streamParts } from './stream-parts.ts';

export function createLanguageModel(modelId: string, open: () => Promise<Engine>): LanguageModelV3 {
  const start = async (options: LanguageModelV3CallOptions) => {
    const engine = await open();
    const plan = planCall(options, engine.card);
    const { includeRawChunks, abortSignal } = options;
    const parts = streamParts(engine.generate(plan.request, abortSignal), plan, {
      card: engine.card,
      includeRawChunks,
    });
    const metadata = { id: randomUUID(), timestamp: new Date(), modelId };
    return { parts, warnings: plan.warnings, metadata };
  };

  return {
    specificationVersion: 'v3',
    provider: PROVIDER,
    modelId,
    supportedUrls: {},
    async doGenerate(options) {
      const { parts, warnings, metadata } = await start({ ...options, includeRawChunks: false });
      return { ...(await gather(parts)), warnings, response: metadata };
    },
    async doStream(options) {
      const { parts, warnings, metadata } = await start(options);
      const first = await parts.next(); // a request that is refused is refused here
      const head: LanguageModelV3StreamPart[] = [
        { type: 'stream-start', warnings },
        { type: 'response-metadata', ...metadata },
        ...(first.done ? [] : [first.value]),
      ];
      return { stream: streamOf(head, parts, options.abortSignal) };
    },
  };
}

/** Whoever cancels the stream ends the work. */
function streamOf(
  head: LanguageModelV3StreamPart[],
  parts: AsyncGenerator<LanguageModelV3StreamPart, void>,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV3StreamPart> {
  return new ReadableStream({
    start(controller) {
      for (const part of head) controller.enqueue(part);
    },
    async pull(controller) {
      try {
        const { value, done } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        if (signal?.aborted) {
          controller.error(error);
          return;
        }
        controller.enqueue({ type: 'error', error });
        controller.close();
      }
    },
    async cancel() {
      await parts.return();
    },
  });
}

/** A whole answer out of its parts. */
async function gather(
  parts: AsyncIterable<LanguageModelV3StreamPart>,
): Promise<Pick<LanguageModelV3GenerateResult, 'content' | 'finishReason' | 'usage'>> {
  const content: LanguageModelV3Content[] = [];
  let text: { type: 'text'; text: string } | undefined;
  for await (const part of parts) {
    if (part.type === 'text-start') {
      text = { type: 'text', text: '' };
      content.push(text);
    } else if (part.type === 'text-delta') text!.text += part.delta;
    else if (part.type === 'tool-call') content.push(part);
    else if (part.type === 'finish') return { content, finishReason: part.finishReason, usage: part.usage };
  }
  throw new Error('the engine ended without an end');
}
