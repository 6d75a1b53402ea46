import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { compileJsonSchema } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { addStandardFormats } from './ajv-formats.ts';
import { randomSchema } from './random-schemas.ts';
import { accepts, draw, vocabulary } from './sampling.ts';

const CASES = process.env.TSLM_LONG ? 250 : 40;
/** Of thousand schemas, on a busy machine. */
const timeout = 300_000;

function validator(schema: unknown): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, ownProperties: true });
  addStandardFormats(ajv);
  return ajv.compile(schema as object) as (value: unknown) => boolean;
}

describe('random schemas', { timeout }, () => {
  it('allow only texts that ajv finds valid', () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = createRandom(seed);
      const { schema } = randomSchema(random);
      const isValid = validator(schema);
      const constraint = compileJsonSchema(schema, vocabulary, { maxWhitespace: seed % 3 === 0 ? 2 : 0 });
      for (let i = 0; i < 4; i++) {
        const text = draw(constraint, random, { length: 5 + 25 * i });
        expect(isValid(JSON.parse(text)), `seed ${seed}: ${text} of ${JSON.stringify(schema)}`).toBe(true);
      }
    }
  });

  it('allow the values that follow them, in any tokens', () => {
    for (let seed = 0; seed < CASES; seed++) {
      const random = createRandom(10_000 + seed);
      const { schema, value } = randomSchema(random);
      const isValid = validator(schema);
      const constraint = compileJsonSchema(schema, vocabulary);
      for (let i = 0; i < 4; i++) {
        const one = value();
        const text = JSON.stringify(one);
        expect(
          isValid(JSON.parse(text)),
          `the generator of values, seed ${seed}: ${text} of ${JSON.stringify(schema)}`,
        ).toBe(true);
        expect(accepts(constraint, text, random), `seed ${seed}: ${text} of ${JSON.stringify(schema)}`).toBe(true);
      }
    }
  });
});
