/** Arrays whose items must all differ, whatever they are. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { compileJsonSchema, type JsonSchemaOptions } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { accepts, allowedIn, draw, END, vocabulary } from './sampling.ts';

const random = createRandom(3);
const allows = (schema: unknown, text: string, options?: JsonSchemaOptions): boolean =>
  accepts(compileJsonSchema(schema, vocabulary, options), text, random);
const ANY = { type: 'array', uniqueItems: true };
const objects = { ...ANY, items: { properties: { a: true, b: true }, type: 'object' } };
const names = Array.from({ length: 20 }, (_, i) => `n${i}`);

describe('uniqueItems', () => {
  it.each<[schema: object, allowed: string[], forbidden: string[]]>([
    [ANY, ['[]', '["a","b"]', '[1,"1",[1],{"a":1}]', '[[],[[]],{}]'], ['["a","a"]', '[1,1.0]', '[[1],[1]]', '[0,-0]']],
    [
      { ...ANY, items: { type: 'string' } },
      ['["a","aa",""]', '["a,b","a"]', '["]","\\"","["]'],
      ['["",""]', '["é","x","é"]', '["a,b","c","a,b"]'],
    ],
    [
      objects,
      ['[{"a":1},{"a":2}]', '[{},{"a":{}}]'],
      ['[{"a":1,"c":2},{"a":1,"c":2}]', '[{"x":1,"y":2},{"y":2,"x":1}]'],
    ],
    // Only the arrays that are meant.
    [
      { ...ANY, items: { type: 'array', items: { type: 'number' } } },
      ['[[0,0],[1,1]]', '[[],[0,0,0]]'],
      ['[[0,0],[0,0]]', '[[0,1],[2],[0,1]]'],
    ],
    [{ type: 'array', items: { ...ANY, maxItems: 9 } }, ['[[1],[1]]', '[[1,2],[2,1]]'], ['[[1,1]]', '[[1],[2,2]]']],
    [{ ...ANY, prefixItems: [{ type: 'integer' }], minItems: 2 }, ['[1,2]', '[1,"1"]'], ['[1,1]', '[1]']],
    [{ ...ANY, contains: { type: 'integer' } }, ['["a",1]', '[2]'], ['["a","a",1]', '["a"]']],
    [{ ...ANY, items: { enum: names } }, [JSON.stringify(names)], [JSON.stringify([...names, 'n0']), '["n1","n1"]']],
  ])('%j', (schema, allowed, forbidden) => {
    const isValid = new Ajv2020({ strict: false }).compile(schema);
    for (const text of allowed) {
      expect(allows(schema, text), text).toBe(true);
      expect(isValid(JSON.parse(text)), text).toBe(true);
    }
    for (const text of forbidden) {
      expect(allows(schema, text), text).toBe(false);
      expect(isValid(JSON.parse(text)), text).toBe(false);
    }
  });

  it('compares across white space', () => {
    const spaced = { maxWhitespace: 2 };
    expect(allows(ANY, '[ "a", "b" ]', spaced)).toBe(true);
    expect(allows(ANY, '[ "a" , "a"]', spaced)).toBe(false);
    expect(allows(ANY, '[{"a": 1},{"a":1}]', spaced)).toBe(false);
  });

  it('never comes to where nothing differs any more', () => {
    for (const schema of [
      { ...ANY, items: { enum: names }, minItems: 19 },
      { ...ANY, items: { type: 'integer', minimum: 1, maximum: 15 }, minItems: 14 },
      { ...ANY, items: { type: 'string', pattern: '^[ab]{1,3}$' }, minItems: 5 },
      { ...ANY, items: { type: 'object', properties: { p: { enum: names } }, additionalProperties: false } },
      { type: 'object', properties: { tags: ANY, more: { ...ANY, minItems: 3 } }, required: ['tags', 'more'] },
    ]) {
      const isValid = new Ajv2020({ strict: false }).compile(schema);
      const constraint = compileJsonSchema(schema, vocabulary);
      for (let i = 0; i < 8; i++) {
        const text = draw(constraint, random, { length: 120 });
        expect(isValid(JSON.parse(text)), text).toBe(true);
      }
    }
  });

  it('ends in time', () => {
    const schema = { ...ANY, items: { type: 'string' }, minItems: 4 };
    const constraint = compileJsonSchema(schema, vocabulary);
    const isValid = new Ajv2020({ strict: false }).compile(schema);
    for (let seed = 0; seed < 20; seed++) {
      const own = createRandom(seed);
      const state = constraint.start();
      const bytes: number[] = [];
      for (let room = state.distance + 12; room > 0; room--) {
        const allowed = allowedIn(state.mask(room));
        const id = allowed[own.below(allowed.length)];
        state.advance(id);
        if (id === END) break;
        bytes.push(...vocabulary.texts[id]!);
      }
      expect(isValid(JSON.parse(Buffer.from(bytes).toString())), Buffer.from(bytes).toString()).toBe(true);
    }
  });

  it('refuses fewer values than there must be items', () => {
    expect(() => compileJsonSchema({ ...ANY, items: { enum: names }, minItems: 21 }, vocabulary)).toThrow('no text');
  });
});
