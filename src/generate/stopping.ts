/** When generation ends: an end-of-sequence token, a length, a time, or a text. */
import type { GenerationConfig } from './generation-config.ts';
import { maxLengthOf } from './generation-config.ts';

export type StopReason = 'eos' | 'maxLength' | 'maxTime' | 'stopString';

/** Why a text ended. `context`: the model's context is full. */
export type TextEnd = StopReason | 'context';

/**
 * Decides after each token whether a sequence is complete. The clock for `maxTime` starts with this call.
 *
 * @param config `eosTokenId`, `maxNewTokens` or `maxLength`, `maxTime`
 * @param promptLength tokens of the prompt, which are never taken for the end
 */
export function createStopCriteria(
  config: GenerationConfig,
  promptLength: number,
): (inputIds: ArrayLike<number>) => Exclude<StopReason, 'stopString'> | undefined {
  const maxLength = maxLengthOf(config, promptLength);
  const deadline = performance.now() + (config.maxTime ?? Number.POSITIVE_INFINITY) * 1000;
  return inputIds => {
    const { length } = inputIds;
    if (length > promptLength && config.eosTokenId.includes(inputIds[length - 1])) return 'eos';
    if (length >= maxLength) return 'maxLength';
    if (performance.now() >= deadline) return 'maxTime';
    return undefined;
  };
}

export interface StopStringMatcher {
  /** Takes the next piece of text; returns what can be shown now. After a stop nothing more is shown. */
  push(piece: string): string;
  /** What is still held back when generation ends for another reason. */
  flush(): string;
  /** The stop string that was found. */
  readonly stopped: string | undefined;
}

/**
 * Looks for stop strings in streamed text, however it is cut into pieces, and never shows a part of one: the longest end
 * of the text that may begin a stop string is held back. Of several stop strings the one that is complete first counts.
 */
export function createStopStringMatcher(stopStrings: readonly string[]): StopStringMatcher {
  const stops = stopStrings.filter(stop => stop !== '');
  const longest = Math.max(0, ...stops.map(stop => stop.length));
  let held = '';
  let stopped: string | undefined;
  return {
    push(piece) {
      if (stopped !== undefined) return '';
      const text = held + piece;
      const match = firstComplete(text, stops);
      if (match) {
        stopped = match;
        held = '';
        return text.slice(0, text.indexOf(match));
      }
      const shown = text.length - beginningOfStop(text, stops, longest);
      held = text.slice(shown);
      return text.slice(0, shown);
    },
    flush() {
      const rest = held;
      held = '';
      return rest;
    },
    get stopped() {
      return stopped;
    },
  };
}

/** The stop string whose first occurrence ends first; the longest of several that end there. */
function firstComplete(text: string, stops: readonly string[]): string | undefined {
  let found: string | undefined;
  let foundEnd = Number.POSITIVE_INFINITY;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (end < foundEnd || (end === foundEnd && stop.length > found!.length)) [found, foundEnd] = [stop, end];
  }
  return found;
}

/** The length of the longest end of `text` that a stop string begins with. */
function beginningOfStop(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stops.some(stop => stop.startsWith(end))) return length;
  }
  return 0;
}
