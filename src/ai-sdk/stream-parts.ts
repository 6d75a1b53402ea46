/** An engine's events as parts of the SDK's streams: text, calls of functions, and how it ended. */
import type { LanguageModelV3StreamPart, LanguageModelV3Usage } from '@ai-sdk/provider';
import type { FinishReason, GenerationEvent, ModelCard } from '../engine/protocol.ts';
import { createToolCallReader } from '../engine/tools/tool-call-reader.ts';
import type { PlannedCall } from './request.ts';

export interface StreamOptions {
  card: ModelCard;
  /** Every event of the engine goes out as it is, too. */
  includeRawChunks?: boolean;
}

/** The parts from the first text to `finish`. */
export async function* streamParts(
  events: AsyncIterable<GenerationEvent>,
  { tools, isCall }: PlannedCall,
  { card, includeRawChunks = false }: StreamOptions,
): AsyncGenerator<LanguageModelV3StreamPart, void> {
  const format = isCall ? 'json' : (card.toolFormat ?? 'hermes');
  const reader = tools.length > 0 ? createToolCallReader({ format, names: tools.map(({ name }) => name) }) : undefined;
  const blocks = createBlocks();
  let reason: FinishReason = 'stop';
  for await (const event of events) {
    if (includeRawChunks) yield { type: 'raw', rawValue: event };
    if (event.type === 'text') {
      yield* reader ? reader.push(event.text).flatMap(blocks.add) : blocks.add({ content: event.text });
    } else if (event.type === 'finish') {
      reason = event.reason;
      yield* (reader?.end() ?? []).flatMap(blocks.add);
      yield* blocks.end();
    } else if (event.type === 'end') {
      const calls = reason === 'stop' && blocks.calls > 0;
      yield {
        type: 'finish',
        finishReason: { unified: calls ? 'tool-calls' : reason, raw: reason },
        usage: usageOf(event),
      };
    }
  }
}

type Delta = ReturnType<ReturnType<typeof createToolCallReader>['push']>[number];

/** Text and calls as blocks with a beginning and an end. */
function createBlocks() {
  let texts = 0;
  let textId: string | undefined;
  let call: { id: string; name: string; input: string } | undefined;
  let calls = 0;

  const endText = (): LanguageModelV3StreamPart[] => {
    if (textId === undefined) return [];
    const id = textId;
    textId = undefined;
    return [{ type: 'text-end', id }];
  };
  const endCall = (): LanguageModelV3StreamPart[] => {
    if (!call) return [];
    const { id, name, input } = call;
    call = undefined;
    return [
      { type: 'tool-input-end', id },
      { type: 'tool-call', toolCallId: id, toolName: name, input },
    ];
  };

  return {
    add(delta: Delta): LanguageModelV3StreamPart[] {
      if ('content' in delta) {
        if (delta.content === '') return [];
        const parts = endCall();
        if (textId === undefined) {
          textId = `text-${++texts}`;
          parts.push({ type: 'text-start', id: textId });
        }
        return [...parts, { type: 'text-delta', id: textId, delta: delta.content }];
      }
      const { id, name, arguments: input } = delta.call;
      const parts: LanguageModelV3StreamPart[] = [];
      if (id !== undefined && name !== undefined) {
        parts.push(...endText(), ...endCall(), { type: 'tool-input-start', id, toolName: name });
        call = { id, name, input: '' };
        calls++;
      }
      if (!call || input === '') return parts;
      call.input += input;
      return [...parts, { type: 'tool-input-delta', id: call.id, delta: input }];
    },
    end: (): LanguageModelV3StreamPart[] => [...endText(), ...endCall()],
    get calls() {
      return calls;
    },
  };
}

const usageOf = ({
  promptTokens,
  cachedTokens,
  completionTokens,
}: Extract<GenerationEvent, { type: 'end' }>): LanguageModelV3Usage => ({
  inputTokens: {
    total: promptTokens,
    noCache: promptTokens - cachedTokens,
    cacheRead: cachedTokens,
    cacheWrite: undefined,
  },
  outputTokens: { total: completionTokens, text: completionTokens, reasoning: undefined },
});
