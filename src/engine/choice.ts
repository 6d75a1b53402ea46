/** One of the texts that a request asks for: its tokens as text, in pieces that can be shown. */
import type { TextEnd } from '../generate/stopping.ts';
import { createGrowingText } from '../generate/text-stream.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { FinishReason, GenerationEvent, TokenInfo } from './protocol.ts';

export interface Choice {
  readonly index: number;
  /** Takes a token; says whether its text completes a stop string. */
  accept(id: number): 'stopString' | undefined;
  /** What the last token shows, and where it is the last of all that the text ends. */
  events(options: { info?: TokenInfo; stop?: TextEnd; isEos?: boolean }): GenerationEvent[];
  /** Tokens so far, an end-of-sequence token included. */
  readonly length: number;
  /** Sum of the tokens' log-probabilities, where they are known. */
  readonly logProbability: number;
}

/** Enough of the prompt for decoders that look at the tokens before. */
const CONTEXT = 6;

export function createChoice(
  tokenizer: Tokenizer,
  index: number,
  { promptIds, stop }: { promptIds: readonly number[]; stop: readonly string[] },
): Choice {
  const growing = createGrowingText(tokenizer, stop, promptIds.slice(-CONTEXT));
  let length = 0;
  let logProbability = 0;
  return {
    index,
    accept(id) {
      length++;
      return growing.accept(id);
    },
    events({ info, stop: end, isEos = false }) {
      logProbability += info?.logprob ?? 0;
      const text = growing.shown(end !== undefined);
      const events: GenerationEvent[] = [];
      const tokens = info && !isEos ? [info] : undefined;
      if (text !== '' || tokens) events.push({ type: 'text', index, text, ...(tokens && { tokens }) });
      if (end) {
        events.push({
          type: 'finish',
          index,
          reason: reasonOf(end),
          ...(growing.stopped && { stop: growing.stopped }),
        });
      }
      return events;
    },
    get length() {
      return length;
    },
    get logProbability() {
      return logProbability;
    },
  };
}

const reasonOf = (end: TextEnd): FinishReason => (end === 'eos' || end === 'stopString' ? 'stop' : 'length');
