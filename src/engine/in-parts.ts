/**
 * Work on many texts in parts, so that a request of thousands lets others in between: of about one batch, or while others
 * generate of about what a step reads of their prompts. Texts of about the same length come together, as they do in a batch.
 */
import type { TaskInput } from '../tasks/inputs.ts';

/** Characters of a part, unless one text has more: about the tokens of a batch. */
const CHARACTERS = 16_384;

/** The same while others generate, who wait for the part: about 256 tokens. */
const CHARACTERS_BESIDE_OTHERS = 1024;

export const sizeOf = (input: TaskInput): number =>
  typeof input === 'string' ? input.length : typeof input[0] === 'string' ? input.join('').length : 4 * input.length;

/** Items in order, in slices of at most the given number of characters, which is asked for each slice. */
export function* slices<T>(
  items: readonly T[],
  size: (item: T) => number,
  most: () => number = () => CHARACTERS,
): Generator<readonly T[]> {
  for (let start = 0; start < items.length; ) {
    let [end, left] = [start, most()];
    do left -= size(items[end++]);
    while (end < items.length && size(items[end]) <= left);
    yield items.slice(start, end);
    start = end;
  }
}

/**
 * Yields after each part.
 *
 * @param run gives a result for each text of a part
 * @param areOthersWaiting asked before each part
 * @returns results in the order of the inputs
 */
export function* inParts<T extends TaskInput, Result>(
  inputs: readonly T[],
  run: (part: readonly T[]) => { results: readonly Result[]; tokens: number },
  areOthersWaiting: () => boolean = () => false,
): Generator<void, { results: Result[]; tokens: number }> {
  const results = new Array<Result>(inputs.length);
  let tokens = 0;
  const longestFirst = [...inputs.keys()].sort((a, b) => sizeOf(inputs[b]) - sizeOf(inputs[a]));
  const most = (): number => (areOthersWaiting() ? CHARACTERS_BESIDE_OTHERS : CHARACTERS);
  for (const part of slices(longestFirst, index => sizeOf(inputs[index]), most)) {
    const done = run(part.map(index => inputs[index]));
    for (const [i, index] of part.entries()) results[index] = done.results[i];
    tokens += done.tokens;
    yield;
  }
  return { results, tokens };
}
