/** Comparisons of many cases of a kind, each with its place. */
import { messageOf } from '../../../support/errors.ts';
import { type Check, compareExactly, compareNumbers, type Tolerance } from '../compare.ts';

type Result = Omit<Check, 'section' | 'name' | 'quantity'>;

/** What goes wrong is a failure, and no reason not to go on. */
export function check(section: string, name: string, quantity: string, compare: () => Result): Check {
  try {
    return { section, name, quantity, ...compare() };
  } catch (error) {
    return { section, name, quantity, pass: false, note: messageOf(error) };
  }
}

export const equal = (
  section: string,
  name: string,
  quantity: string,
  actual: () => unknown,
  expected: unknown,
): Check => check(section, name, quantity, () => compareExactly(actual(), expected));

/** One number or several; null is recorded where there is none. */
export const near = (
  section: string,
  name: string,
  quantity: string,
  actual: () => number | readonly number[],
  expected: number | null | readonly (number | null)[],
  tolerance: Tolerance,
): Check =>
  check(section, name, quantity, () => {
    const [a, b] = [[actual()].flat() as number[], [expected].flat() as (number | null)[]];
    const isMissing = (i: number): boolean => b[i] === null;
    const wrong = a.findIndex((value, i) => isMissing(i) && Number.isFinite(value));
    if (wrong >= 0) return { pass: false, note: `value ${wrong} is ${a[wrong]}, recorded as undefined` };
    return compareNumbers(
      a.filter((_, i) => !isMissing(i)),
      b.filter(value => value !== null),
      tolerance,
    );
  });

/** An error where one was recorded. */
export function refused(section: string, name: string, action: () => unknown): Check {
  try {
    action();
    return { section, name, quantity: 'refused', pass: false, note: 'it was accepted' };
  } catch (error) {
    return { section, name, quantity: 'refused', pass: true, note: messageOf(error) };
  }
}

/** `max_ngram_order` → `maxNgramOrder`, of all keys. */
export const camelKeys = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
