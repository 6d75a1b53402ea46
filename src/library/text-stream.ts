/** A text while it is generated: pieces to iterate over, or bytes for an HTTP response. */
import type { FinishReason, GenerationEvent } from '../engine/protocol.ts';

export interface TextResult {
  text: string;
  /** `stop`: the model ended the text, or a stop string did; `length`: `maxTokens` or the context did. */
  finishReason: FinishReason;
  promptTokens: number;
  completionTokens: number;
}

/** Can be read once. Whoever stops reading ends the work. */
export interface TextStream extends AsyncIterable<string> {
  /** The prompt was read. Rejects for a request that cannot be done, before any text: await it to answer with an error. */
  readonly started: Promise<{ promptTokens: number; cachedTokens: number }>;
  /** The whole text, when it has been read to its end. */
  readonly result: Promise<TextResult>;
  /** The text as UTF-8, the body of a `Response`. Cancelling it, as servers do when a client leaves, ends the work. */
  toReadable(): ReadableStream<Uint8Array>;
}

export function textStream(given: AsyncIterable<GenerationEvent>): TextStream {
  const events = given[Symbol.asyncIterator]();
  const first = events.next(); // asked for at once, whenever it is read
  const started = first.then(({ value }: IteratorResult<GenerationEvent, undefined>) => {
    if (value?.type !== 'start') throw new Error('the engine began without a start');
    return { promptTokens: value.promptTokens, cachedTokens: value.cachedTokens };
  });
  let resolve!: (result: TextResult) => void;
  let reject!: (error: unknown) => void;
  const result = new Promise<TextResult>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Nobody need look at them: reading the text tells of errors, too.
  started.catch(() => {});
  result.catch(() => {});

  async function* pieces(): AsyncGenerator<string, void> {
    let text = '';
    let finishReason: FinishReason = 'stop';
    try {
      await first;
      for (let next = await events.next(); !next.done; next = await events.next()) {
        const event = next.value;
        if (event.type === 'text') {
          text += event.text;
          if (event.text !== '') yield event.text;
        } else if (event.type === 'finish') finishReason = event.reason;
        else if (event.type === 'end') {
          const { promptTokens, completionTokens } = event;
          resolve({ text, finishReason, promptTokens, completionTokens });
        }
      }
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      reject(new Error('the text was not read to its end'));
      await events.return?.();
    }
  }

  const reading = pieces();
  return {
    started,
    result,
    [Symbol.asyncIterator]: () => reading,
    toReadable() {
      const encoder = new TextEncoder();
      return new ReadableStream({
        async pull(controller) {
          const { value, done } = await reading.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(value));
        },
        cancel: async () => {
          await reading.return();
          await events.return?.(); // where nothing was read yet
        },
      });
    },
  };
}
