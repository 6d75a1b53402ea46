/**
 * Work on many texts in parts of about one batch, so that a request of thousands lets others in between. Texts of about the same
 * length come together, as they do in a batch.
 */
import type { TaskInput } from '../tasks/inputs.ts';

/** Characters of a part, unless one text has more: about the tokens of a batch. */
const CHARACTERS = 16_384;

export const sizeOf = (input: TaskInput): number =>
  typeof input === 'string' ? input.length : typeof input[0] === 'string' ? input.join('').length : 4 * input.length;

/** Items in their order, in slices of at most so many characters. */
export function* slices<T>(items: readonly T[], size: (item: T) => number): Generator<readonly T[]> {
  let start = 0;
  let total = 0;
  for (const [i, item] of items.entries()) {
    if (i > start && total + size(item) > CHARACTERS) {
      yield items.slice(start, i);
      start = i;
      total = 0;
    }
    total += size(item);
  }
  if (start < items.length) yield items.slice(start);
}

/**
 * Yields after each part.
 *
 * @param run gives a result for each text of a part
 * @returns results in the order of the inputs
 */
export function* inParts<T extends TaskInput, Result>(
  inputs: readonly T[],
  run: (part: readonly T[]) => { results: readonly Result[]; tokens: number },
): Generator<void, { results: Result[]; tokens: number }> {
  const results = new Array<Result>(inputs.length);
  let tokens = 0;
  const longestFirst = [...inputs.keys()].sort((a, b) => sizeOf(inputs[b]) - sizeOf(inputs[a]));
  for (const part of slices(longestFirst, index => sizeOf(inputs[index]))) {
    const done = run(part.map(index => inputs[index]));
    for (const [i, index] of part.entries()) results[index] = done.results[i];
    tokens += done.tokens;
    yield;
  }
  return { results, tokens };
}
