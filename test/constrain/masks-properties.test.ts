/** Whatever is chosen of what a mask allows, the text can go on: no mask forbids every token. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constrain } from '../../src/constrain/constrain.ts';
import { type Constraint, compileGbnf, compileJsonSchema, compileRegex } from '../../src/constrain/index.ts';
import { suppressTokens, topK, topP, typical } from '../../src/generate/logits-processors/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { randomSchema } from './random-schemas.ts';
import { allowedIn, END, vocabulary } from './sampling.ts';

const numRuns = process.env.TSLM_LONG ? 300 : 60;
const choices = fc.array(fc.nat(), { minLength: 1, maxLength: 60 });

/** Goes on with one allowed token after the other, until the end. */
function walk(constraint: Constraint, chosen: readonly number[]): void {
  const state = constraint.start();
  const ids: number[] = [];
  for (const choice of chosen) {
    const allowed = allowedIn(state.mask());
    expect(allowed.length, `after ${ids.join(' ')}`).toBeGreaterThan(0);
    const id = allowed[choice % allowed.length];
    if (id === END) return;
    state.advance(id);
    ids.push(id);
  }
  expect(allowedIn(state.mask()).length).toBeGreaterThan(0);
}

const schemas = fc.nat().map(seed => compileJsonSchema(randomSchema(createRandom(seed)).schema, vocabulary));

/** Patterns of random parts. */
const { pattern } = fc.letrec<{ pattern: string }>(tie => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', '[a-f]', '\\d', '中', '\\w', '[^"]', 'name', '😀', '\\p{Lu}'),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
    fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2,3}')).map(([a, times]) => `(${a})${times}`),
  ),
}));

const GRAMMARS = [
  'root ::= sum\nsum ::= term (" + " term)*\nterm ::= [0-9]+ | "(" sum ")"',
  'root ::= "a" root "b" | "中"',
  'root ::= line+\nline ::= "- " [^\\n]{1,9} "\\n"',
].map(grammar => compileGbnf(grammar, vocabulary));

describe('no mask forbids every token', () => {
  it.each([
    ['of JSON Schemas', schemas],
    ['of patterns', pattern.map(source => compileRegex(source, vocabulary))],
    ['of grammars', fc.constantFrom(...GRAMMARS)],
  ] as const)('%s', (_, constraints) => {
    fc.assert(fc.property(constraints, choices, walk), { numRuns });
  });

  it('nor do filters after it', () => {
    const filters = fc.subarray([topK(3), topP(0.3), typical(0.2), suppressTokens([])]);
    fc.assert(
      fc.property(schemas, filters, choices, (constraint, chain, chosen) => {
        const mask = constrain(constraint, 0, [END]);
        const ids: number[] = [];
        for (const choice of chosen) {
          const random = createRandom(choice);
          const logits = Float32Array.from({ length: END + 1 }, () => 10 * random.next());
          for (const process of [mask, ...chain]) process(ids, logits);
          const allowed = [...logits.keys()].filter(id => logits[id] > Number.NEGATIVE_INFINITY);
          expect(allowed.length).toBeGreaterThan(0);
          const id = allowed[choice % allowed.length];
          if (id === END) return;
          ids.push(id);
        }
      }),
      { numRuns },
    );
  });
});
