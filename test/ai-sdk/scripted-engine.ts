/** An engine that says what a test wants, in pieces, and notes what it was asked. */
import type { Engine, GenerationEvent, GenerationRequest, ModelCard } from '../../src/engine/protocol.ts';

export interface ScriptedEngine extends Engine {
  readonly requests: GenerationRequest[];
  /** Generations that were left before their end. */
  readonly left: number;
  readonly isClosed: boolean;
}

export function scriptedEngine(
  pieces: readonly string[] | (() => AsyncIterable<GenerationEvent>),
  more: Partial<ModelCard> = {},
): ScriptedEngine {
  const requests: GenerationRequest[] = [];
  let left = 0;
  let isClosed = false;
  return {
    card: { id: 'scripted', created: 0, abilities: ['generate', 'chat', 'embed'], hasChatTemplate: true, ...more },
    requests,
    get left() {
      return left;
    },
    get isClosed() {
      return isClosed;
    },
    async *generate(request, signal) {
      requests.push(request);
      let isOver = false;
      try {
        if (typeof pieces === 'function') yield* pieces();
        else {
          yield { type: 'start', promptTokens: 7, cachedTokens: 3 };
          for (const text of pieces) {
            signal?.throwIfAborted();
            yield { type: 'text', index: 0, text };
            await new Promise(setImmediate);
          }
          yield { type: 'finish', index: 0, reason: request.maxTokens === pieces.length ? 'length' : 'stop' };
          yield { type: 'end', promptTokens: 7, cachedTokens: 3, completionTokens: pieces.length };
        }
        isOver = true;
      } finally {
        if (!isOver) left++;
      }
    },
    async call(name, input) {
      if (name !== 'embed') throw new Error(`not scripted: ${name}`);
      const { inputs } = input as { inputs: readonly string[] };
      const vectors = inputs.map(text => Float32Array.of(text.length, 1));
      return { vectors, tokens: inputs.join('').length } as never;
    },
    stats: () => Promise.reject(new Error('not scripted')),
    loadAdapter: () => Promise.reject(new Error('not scripted')),
    unloadAdapter: () => Promise.reject(new Error('not scripted')),
    async close() {
      isClosed = true;
    },
  };
}
