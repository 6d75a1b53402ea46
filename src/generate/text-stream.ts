/** Generated tokens as text that can be shown: never half a character, never a special token or a part of a stop string. */
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { createStopStringMatcher } from './stopping.ts';

export interface TextStream {
  /** What a token shows. */
  push(id: number): string;
  /** What is left when the text ends for another reason than a stop string; nothing after one. */
  end(): string;
  /** The stop string that was found. */
  readonly stopped: string | undefined;
}

/** @param after tokens that the text follows: some tokenizers take a space off the front */
export function createTextStream(
  tokenizer: Tokenizer,
  stopStrings: readonly string[],
  after: readonly number[] = [],
): TextStream {
  const { specialTokens } = tokenizer;
  const decoder = tokenizer.decodeStream({ skipSpecialTokens: true });
  for (const id of after) decoder.push(id);
  const matcher = createStopStringMatcher(stopStrings, [...specialTokens.values()]);
  return {
    push: id => matcher.push(decoder.push(id), specialTokens.get(id)),
    end: () => (matcher.stopped === undefined ? matcher.push(decoder.end()) + matcher.flush() : ''),
    get stopped() {
      return matcher.stopped;
    },
  };
}

/** A text as it is put together: what each token shows is known before it is known whether it is the last. */
export interface GrowingText {
  /** Takes a token; says whether its text completes a stop string. */
  accept(id: number): 'stopString' | undefined;
  /** What the token taken last shows, and where the text ends with it what was held back. */
  shown(isLast: boolean): string;
  /** The stop string that was found. */
  readonly stopped: string | undefined;
}

/** @param after as `createTextStream` */
export function createGrowingText(
  tokenizer: Tokenizer,
  stopStrings: readonly string[],
  after?: readonly number[],
): GrowingText {
  const stream = createTextStream(tokenizer, stopStrings, after);
  let shown = '';
  return {
    accept(id) {
      shown = stream.push(id);
      return stream.stopped === undefined ? undefined : 'stopString';
    },
    shown: isLast => (isLast ? shown + stream.end() : shown),
    get stopped() {
      return stream.stopped;
    },
  };
}

/** Whether tokens, decoded, hold a stop string; one that names a special token is looked for among these, too. */
export function holdsStopString(tokenizer: Tokenizer, ids: readonly number[], stopStrings: readonly string[]): boolean {
  if (!stopStrings.some(stop => stop !== '')) return false;
  const stream = createTextStream(tokenizer, stopStrings);
  for (const id of ids) stream.push(id);
  stream.end();
  return stream.stopped !== undefined;
}
