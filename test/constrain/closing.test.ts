/** Texts come to their end before the tokens run out, whatever the model would write. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { constrain } from '../../src/constrain/constrain.ts';
import {
  type Constraint,
  compileGbnf,
  compileJsonSchema,
  compileRegex,
  createVocabulary,
  type Vocabulary,
  vocabularyOf,
} from '../../src/constrain/index.ts';
import { UserError } from '../../src/support/errors.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { addStandardFormats } from './ajv-formats.ts';
import { randomSchema } from './random-schemas.ts';
import { isAllowed, vocabulary as small } from './sampling.ts';
import { wildSchema } from './wild-schemas.ts';

const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2/tokenizer.json');
const large = vocabularyOf(tokenizer, { eosTokenId: [tokenizer.tokenToId('<|endoftext|>')!] });
const SCHEMAS = process.env.TSLM_LONG ? 100 : 10;
const timeout = 300_000;

/** A text of the highest of random logits in `room` tokens; undefined where it has not ended then. */
function sample(constraint: Constraint, { size, eosTokenId, texts }: Vocabulary, random: Random, room: number) {
  const process = constrain(constraint, 0, eosTokenId, room);
  const ids: number[] = [];
  const logits = new Float32Array(size);
  while (ids.length < room) {
    for (let id = 0; id < size; id++) logits[id] = random.next();
    // What would go on for ever.
    for (const id of eosTokenId) logits[id] = -1;
    process(ids, logits);
    const best = logits.indexOf(Math.max(...logits));
    expect(logits[best]).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    ids.push(best);
    if (eosTokenId.includes(best)) break;
  }
  const hasEnded = eosTokenId.includes(ids.at(-1)!);
  const text = Buffer.concat(ids.map(id => texts[id] ?? new Uint8Array())).toString('utf8');
  return { text, hasEnded, count: ids.length };
}

function checkBudgets(schema: unknown, constraint: Constraint, vocabulary: Vocabulary, seed: number): number {
  const ajv = new Ajv2020({ strict: false, ownProperties: true, logger: false });
  addStandardFormats(ajv);
  const isValid = ajv.compile(schema as object);
  const random = createRandom(seed);
  const { distance } = constraint.start();
  if (distance === Number.POSITIVE_INFINITY || distance > 300) return 0;
  for (const more of [0, 1, 2, 5, 20]) {
    const { text, hasEnded, count } = sample(constraint, vocabulary, random, distance + more);
    const where = `seed ${seed}, ${distance} + ${more}: ${text} of ${JSON.stringify(schema)}`;
    // With a token for the end beside, it is written too.
    if (more > 0 && !Number.isFinite(JSON.parse(text))) expect(hasEnded, where).toBe(true);
    expect(count, where).toBeLessThanOrEqual(distance + more);
    expect(() => JSON.parse(text), where).not.toThrow();
    expect(isValid(JSON.parse(text)), where).toBe(true);
  }
  return 1;
}

const person = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    born: { type: 'string', format: 'date' },
    address: { type: 'object', properties: { street: { type: 'string', minLength: 3 } }, required: ['street'] },
    tags: { type: 'array', items: { type: 'array', items: { type: 'string', maxLength: 40 }, minItems: 2 } },
  },
  required: ['name', 'address'],
  additionalProperties: { type: 'integer' },
};
const tree = {
  $defs: {
    node: { properties: { name: { type: 'string' }, below: { items: { $ref: '#/$defs/node' }, type: 'array' } } },
  },
  ...{ type: 'object', required: ['root'], properties: { root: { $ref: '#/$defs/node' } } },
};

describe('a text with little room', { timeout }, () => {
  it.each([
    ['small', small],
    ['large', large],
  ])('is completed within it, with a %s vocabulary', (_, vocabulary) => {
    for (const [i, schema] of [person, tree, true, { enum: ['no', 'yes, indeed'] }].entries()) {
      const constraint = compileJsonSchema(schema, vocabulary, { maxWhitespace: i % 2 });
      for (let seed = 0; seed < 5; seed++) expect(checkBudgets(schema, constraint, vocabulary, seed)).toBe(1);
    }
  });

  it('is completed under random schemas', () => {
    let checked = 0;
    for (let seed = 0; seed < SCHEMAS; seed++) {
      const vocabulary = seed % 4 === 0 ? large : small;
      const { schema } = randomSchema(createRandom(2_000_000 + seed));
      checked += checkBudgets(schema, compileJsonSchema(schema, vocabulary), vocabulary, seed);
      const wild = wildSchema(createRandom(3_000_000 + seed), 2020);
      try {
        checked += checkBudgets(wild, compileJsonSchema(wild, vocabulary), vocabulary, seed);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
    expect(checked).toBeGreaterThan(SCHEMAS / 2);
  });

  it('is completed under patterns and grammars', () => {
    const cases: [Constraint, RegExp][] = [
      [compileRegex('[a-z]+(, [a-z]+)* and so on\\.', small), /^[a-z]+(, [a-z]+)* and so on\.$/],
      [compileGbnf('root ::= "(" root* ")" | [a-z]{2,}', small), /^(?:\(.*\)|[a-z]{2,})$/],
      [compileRegex('[ab]*', small), /^[ab]*$/],
    ];
    for (const [constraint, expected] of cases) {
      const { distance } = constraint.start();
      for (const more of [0, 1, 3, 9]) {
        if (distance + more === 0) continue;
        const { text, hasEnded } = sample(constraint, small, createRandom(more), distance + more);
        expect(text).toMatch(expected);
        // What may go on after its end is cut off there.
        if (more > 0 && !expected.test(`${text}b`)) expect(hasEnded).toBe(true);
      }
    }
  });

  it('says within how many tokens it can be', () => {
    const distanceOf = (schema: unknown): number => compileJsonSchema(schema, small).start().distance;
    expect(distanceOf({ const: 1 })).toBe(1);
    expect(distanceOf({ const: 'ab' })).toBe(3);
    expect(distanceOf({ type: 'array' })).toBe(2);
    expect(distanceOf({ type: 'string', minLength: 7 })).toBeLessThanOrEqual(9);
    expect(distanceOf({ type: 'array', items: { type: 'null' }, minItems: 3 })).toBe(2 + 3 + 2);
    expect(distanceOf({ type: 'string', minLength: 100_000 })).toBe(Number.POSITIVE_INFINITY);
    const state = compileJsonSchema({ type: 'string' }, small).start();
    state.advance('"'.charCodeAt(0));
    expect(state.distance).toBe(1);
  });

  it('is not narrowed where there is room, or where none is enough', () => {
    const constraint = compileJsonSchema(person, small);
    const state = constraint.start();
    expect(state.mask(1000)).toEqual(state.mask());
    expect(state.mask(3)).toEqual(state.mask());
    // A value that is told apart by its second token.
    const choice = compileJsonSchema({ enum: ['a', 'aaaaaaaaaa'] }, small).start();
    for (const byte of Buffer.from('"a')) choice.advance(byte);
    expect(isAllowed(choice.mask(9), 0x61)).toBe(false);
    expect(isAllowed(choice.mask(20), 0x61)).toBe(true);
    expect(isAllowed(choice.mask(9), 0x22)).toBe(true);
  });

  it('goes on as it would where a vocabulary cannot spell the way', () => {
    const whole = createVocabulary([...'"ab'].map(char => Buffer.from(char)).concat([Buffer.from('{}')]), {
      eosTokenId: [0],
    });
    expect(() => compileJsonSchema({ type: 'string' }, whole)).toThrow(UserError);
    const words = createVocabulary([Buffer.from('ab'), Buffer.from('abc'), undefined], { eosTokenId: [2] });
    const state = compileRegex('(ab|abc)+', words).start();
    expect(state.distance).toBe(1);
    expect(isAllowed(state.mask(1), 1)).toBe(true);
  });
});
