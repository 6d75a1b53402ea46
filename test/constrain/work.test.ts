/** Masks are found in slices of bounded work, whatever the constraint; the slices add up to the same mask. */
import { describe, expect, it } from 'vitest';
import { loadConstraint } from '../../src/constrain/constraint.ts';
import { type Constraint, compileGbnf, compileJsonSchema, compileRegex } from '../../src/constrain/index.ts';
import { compileSource } from '../../src/constrain/source.ts';
import { spentSoFar } from '../../src/constrain/work.ts';
import { createRandom } from '../../src/support/random.ts';
import { allowedIn, END, vocabulary } from './sampling.ts';

const words = (count: number, seed: number): string[] => {
  const random = createRandom(seed);
  const word = (): string => Array.from({ length: 8 }, () => String.fromCharCode(97 + random.below(26))).join('');
  return Array.from({ length: count }, () => `${word()} ${word()} ${word()}`);
};
const list = (choices: string[]): Constraint =>
  loadConstraint(compileSource({ kind: 'choice', choices }, vocabulary.isUsable), vocabulary);

/** What is made to be expensive: many choices, ambiguity, sets that grow, many properties. */
const ADVERSARIAL: Record<string, () => Constraint> = {
  'ten thousand choices': () => list(words(10_000, 1)),
  'sets of states that grow': () => compileRegex('(a|b)*a(a|b){14}', vocabulary),
  'patterns that name the properties': () =>
    compileJsonSchema(
      {
        type: 'object',
        patternProperties: Object.fromEntries([3, 4, 5].map(n => [`^(a|b)*a(a|b){${n}}$`, { type: 'integer' }])),
      },
      vocabulary,
    ),
  'a thousand properties, each of which may be next': () =>
    compileJsonSchema(
      { type: 'object', properties: Object.fromEntries(words(1000, 2).map(name => [name, { type: 'integer' }])) },
      vocabulary,
    ),
  'counts that overlap': () => compileGbnf('root ::= ("a" | "a" "a"? | "ab"){1,60} "c"', vocabulary),
};

/** Steps that a slice may take beyond what it is given: the one at which it notices. */
const MOST_BEYOND = 150_000;
const SLICE = 20_000;

describe('the work on a mask', () => {
  it.each(Object.entries(ADVERSARIAL))('comes in slices: %s', (_, create) => {
    const constraint = create();
    const whole = create();
    const random = createRandom(3);
    const state = constraint.start();
    const same = whole.start();
    for (let token = 0; token < 12; token++) {
      for (let isReady = false; !isReady; ) {
        const before = spentSoFar();
        isReady = state.prepare(SLICE);
        expect(spentSoFar() - before).toBeLessThan(SLICE + MOST_BEYOND);
      }
      const before = spentSoFar();
      const mask = state.mask();
      expect(spentSoFar()).toBe(before); // nothing is left to do
      expect(mask).toEqual(same.mask());
      const allowed = allowedIn(mask);
      const id = allowed[random.below(allowed.length)];
      if (id === END) return;
      state.advance(id);
      same.advance(id);
    }
  });

  it('is cut: a slice of one step leaves work to do', () => {
    const state = list(words(10_000, 1)).start();
    expect(state.prepare(1)).toBe(false);
    while (!state.prepare(1));
    expect(allowedIn(state.mask()).length).toBeGreaterThan(0);
  });

  it('starts anew after what was found is forgotten', () => {
    const constraint = list(words(100, 1));
    const state = constraint.start();
    const mask = state.mask();
    const { bytes } = constraint;
    constraint.forget();
    expect(constraint.bytes).toBeLessThan(bytes);
    expect(state.mask()).toEqual(mask);
  });
});
