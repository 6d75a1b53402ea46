/** When generation ends: an end-of-sequence token, a length, a time, or a text. */
import { type GenerationConfig, maxLengthOf } from './config/generation-options.ts';

/** What ended a sequence. */
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
  /**
   * Takes the next piece of text; returns what can be shown now. After a stop nothing more is shown.
   *
   * @param special text of a special token before it, which is not shown
   */
  push(piece: string, special?: string): string;
  /** What is still held back when generation ends for another reason. */
  flush(): string;
  /** The stop string that was found. */
  readonly stopped: string | undefined;
}

/**
 * Looks for stop strings in streamed text, however it is cut into pieces, and never shows a part of one: the longest end
 * of the text that may begin a stop string is held back. Of several stop strings the one that is complete first counts.
 *
 * @param specialTokens a stop string that names one of them is looked for in the text with its special tokens, all others
 *   in the text that is shown
 */
export function createStopStringMatcher(
  stopStrings: readonly string[],
  specialTokens: readonly string[] = [],
): StopStringMatcher {
  const namesSpecial = (stop: string): boolean => specialTokens.some(token => token !== '' && stop.includes(token));
  const stops = stopStrings.filter(stop => stop !== '');
  const named = stops.filter(namesSpecial);
  const plain = stops.filter(stop => !namesSpecial(stop));
  const longest = (list: readonly string[]): number => list.reduce((most, { length }) => Math.max(most, length), 0);
  const [longestNamed, longestPlain] = [longest(named), longest(plain)];
  /** Text that is held back, its special tokens included; `places` are those of the units that are shown. */
  let held = '';
  let places: number[] = [];
  let stopped: string | undefined;

  const append = (text: string, isShown: boolean): void => {
    if (isShown) for (let i = 0; i < text.length; i++) places.push(held.length + i);
    held += text;
  };
  const shownText = (): string => places.map(place => held[place]).join('');
  /** What is shown of the text before a place; the rest stays. */
  const release = (end: number): string => {
    const count = countBelow(places, end);
    const text = shownText().slice(0, count);
    places = places.slice(count).map(place => place - end);
    held = held.slice(end);
    return text;
  };

  return {
    push(piece, special = '') {
      if (stopped !== undefined) return '';
      if (named.length > 0) append(special, false);
      append(piece, true);
      const shown = shownText();
      const inShown = firstComplete(shown, plain);
      const match = earlier(
        inShown && { ...inShown, start: places[inShown.start], end: places[inShown.end - 1] + 1 },
        firstComplete(held, named),
      );
      if (match) {
        const text = release(match.start);
        stopped = match.stop;
        held = '';
        places = [];
        return text;
      }
      const mayBegin = shown.length - beginningOfStop(shown, plain, longestPlain);
      return release(
        Math.min(places[mayBegin] ?? held.length, held.length - beginningOfStop(held, named, longestNamed)),
      );
    },
    flush() {
      return release(held.length);
    },
    get stopped() {
      return stopped;
    },
  };
}

/** How many of ascending numbers are below a limit. */
function countBelow(numbers: readonly number[], limit: number): number {
  const count = numbers.findIndex(number => number >= limit);
  return count < 0 ? numbers.length : count;
}

interface Match {
  stop: string;
  start: number;
  end: number;
}

/** The stop string whose first occurrence ends first; the longest of several that end there. */
function firstComplete(text: string, stops: readonly string[]): Match | undefined {
  let found: Match | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start >= 0) found = earlier(found, { stop, start, end: start + stop.length });
  }
  return found;
}

function earlier(a: Match | undefined, b: Match | undefined): Match | undefined {
  if (!a || !b) return a ?? b;
  return b.end < a.end || (b.end === a.end && b.start < a.start) ? b : a;
}

/** The length of the longest end of `text` that a stop string begins with. */
function beginningOfStop(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stops.some(stop => stop.startsWith(end))) return length;
  }
  return 0;
}
