/** Single keywords: what they mean, what is refused and how, and that the documentation says so. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { compileJsonSchema, type JsonSchemaOptions } from '../../../src/generate/structured/index.ts';
import { FORMATS } from '../../../src/generate/structured/json-schema/formats.ts';
import { ANNOTATIONS, REFUSED, SUPPORTED } from '../../../src/generate/structured/json-schema/keywords.ts';
import { createRandom } from '../../../src/support/random.ts';
import { accepts, draw, vocabulary } from './sampling.ts';

const random = createRandom(2);
const allows = (schema: unknown, text: string, options?: JsonSchemaOptions): boolean =>
  accepts(compileJsonSchema(schema, vocabulary, options), text, random);

/** Schemas with texts that are allowed and texts that are not; ajv agrees on those that are JSON. */
const CASES: [schema: unknown, allowed: string[], forbidden: string[]][] = [
  [{ type: 'string', maxLength: 2 }, ['""', '"é\u{1f600}"', '"\\n\\""'], ['"abc"', '"\\u00e9"', '1']],
  [{ type: ['null', 'integer'] }, ['null', '-7', '0'], ['1.5', '01', '"x"']],
  [{ minimum: 3 }, ['3', '"abc"', '[]', 'null', '3.5'], ['2', '-3']],
  [
    { type: 'number', minimum: -1.25, exclusiveMaximum: 2 },
    ['-1.25', '0', '1.999', '-0.5', '2e0'].slice(0, 4),
    ['-1.26', '2', '-2'],
  ],
  [{ type: 'number', minimum: 0.5, maximum: 0.75 }, ['0.5', '0.625', '0.750'], ['0.4', '0.76', '0', '1']],
  [{ type: 'number', exclusiveMinimum: 0 }, ['0.001', '7'], ['0', '-1', '0.0']],
  [{ type: 'number', maximum: -3 }, ['-3', '-3.5', '-1000'], ['-2', '3', '-2.999']],
  [{ type: 'integer', minimum: 1e-7, maximum: 1.5e1 }, ['1', '15'], ['0', '16']],
  [{ type: 'integer', minimum: 5, maximum: 4 }, [], ['4', '5']],
  [{ type: 'number', multipleOf: 1 }, ['2', '-30'], ['2.5', '0.1']],
  [{ multipleOf: 1, minimum: 0.5, maximum: 2.5 }, ['1', '2', '"a"'], ['1.5', '0']],
  [{ enum: [2.5, 4, 'a'], multipleOf: 1 }, ['4', '"a"'], ['2.5']],
  [{ multipleOf: 3, type: 'integer', minimum: -9 }, ['-9', '0', '300000000003'], ['-12', '4']],
  [{ enum: [1, 'a', [1, 2], { b: 1 }] }, ['1', '"a"', '[1,2]', '{"b":1}'], ['2', '[2,1]']],
  [{ enum: ['ab', 'c', 4], type: 'string', minLength: 2 }, ['"ab"'], ['"c"', '4']],
  [{ const: null }, ['null'], ['0']],
  [
    { type: 'object', properties: { a: { const: 1 }, b: { const: 2 } }, required: ['b'], additionalProperties: false },
    ['{"b":2}', '{"a":1,"b":2}'],
    ['{}', '{"a":1}', '{"b":2,"c":3}', '{"b":3}'],
  ],
  [{ type: 'object', required: ['z'] }, ['{"z":1}', '{"z":{},"y":[]}'], ['{}', '{"y":1}']],
  [{ type: 'object', properties: { a: false } }, ['{}', '{"b":1}'], ['{"a":1}']],
  [{ type: 'object', propertyNames: { pattern: '^[ab]+$' } }, ['{}', '{"ab":1,"b":2}'], ['{"c":1}']],
  [
    {
      type: 'object',
      patternProperties: { '^i': { type: 'integer' }, x$: { minimum: 5 } },
      additionalProperties: false,
    },
    ['{"i":1}', '{"ix":5}', '{"x":9}', '{"x":"text"}'],
    ['{"i":"a"}', '{"ix":4}', '{"x":4}', '{"other":1}'],
  ],
  [{ type: 'object', minProperties: 1, maxProperties: 2 }, ['{"a":1}', '{"a":1,"b":2}'], ['{}', '{"a":1,"b":2,"c":3}']],
  [{ type: 'array', prefixItems: [{ const: 1 }], items: false }, ['[]', '[1]'], ['[2]', '[1,1]']],
  [
    { type: 'array', prefixItems: [true, { const: 1 }], minItems: 2, items: { const: 2 } },
    ['["x",1]', '[0,1,2,2]'],
    ['[0]', '[0,1,1]'],
  ],
  [{ type: 'array', items: { const: 0 }, minItems: 1, maxItems: 3 }, ['[0]', '[0,0,0]'], ['[]', '[0,0,0,0]']],
  [{ anyOf: [{ type: 'string' }, { type: 'integer' }], maxLength: 1, maximum: 3 }, ['"a"', '3'], ['"ab"', '4']],
  [
    {
      oneOf: [
        { type: 'integer', maximum: 2 },
        { type: 'integer', minimum: 5 },
      ],
    },
    ['2', '5'],
    ['3'],
  ],
  [
    { oneOf: [{ type: 'string', pattern: '^a' }, { type: 'string', pattern: '^b' }, { type: 'null' }] },
    ['"ab"', 'null'],
    ['"c"'],
  ],
  [
    {
      allOf: [{ $ref: '#/$defs/named' }, { properties: { age: { type: 'integer' }, name: { maxLength: 3 } } }],
      $defs: { named: { type: 'object', properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] } },
    },
    ['{"name":"abc"}', '{"name":"a","age":1}'],
    ['{"name":""}', '{"name":"abcd"}', '{"age":1}', '{"name":"a","age":"b"}'],
  ],
  [
    { anyOf: [{ type: 'null' }, { type: 'array', items: { $ref: '#' }, maxItems: 2 }] },
    ['null', '[]', '[[null],[[]]]'],
    ['[1]', '[[],[],[]]'],
  ],
  [{ allOf: [{ type: ['string', 'null'] }, { type: ['null', 'number'] }] }, ['null'], ['"a"', '1']],
  [false, [], ['1']],
];

describe('keywords', () => {
  it.each(CASES)('%j', (schema, allowed, forbidden) => {
    const isValid = new Ajv2020({ strict: false }).compile(schema as object);
    if (allowed.length === 0) {
      expect(() => compileJsonSchema(schema, vocabulary)).toThrow('there is no text that it allows');
    }
    for (const text of allowed) {
      expect(allows(schema, text), text).toBe(true);
      expect(isValid(JSON.parse(text)), `ajv: ${text}`).toBe(true);
    }
    for (const text of allowed.length === 0 ? [] : forbidden) expect(allows(schema, text), text).toBe(false);
  });

  it('judges names as JSON.stringify writes them, whatever they are', () => {
    const names = ['__proto__', 'constructor', 'quo"te', 'back\\slash', '\u0001', '中'];
    const properties = Object.fromEntries(names.map(name => [name, { type: 'integer' }]));
    Object.defineProperty(properties, '__proto__', { value: { type: 'integer' }, enumerable: true });
    const schema = { type: 'object', properties, additionalProperties: { type: 'string' } };
    for (const name of names) {
      expect(allows(schema, `{${JSON.stringify(name)}:1}`), name).toBe(true);
      expect(allows(schema, `{${JSON.stringify(name)}:"other"}`), name).toBe(false);
    }
    // Escaped in another way it would be the same name with another value.
    expect(allows(schema, '{"\\u4e2d":"x"}')).toBe(false);
    expect(allows(schema, '{"free":"x"}')).toBe(true);
  });

  it('writes white space where it is allowed, and no more', () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { const: 1 } } }, required: ['a'] };
    expect(allows(schema, '{"a": [1, 1]}')).toBe(false);
    expect(allows(schema, '{"a": [1, 1]}', { maxWhitespace: 1 })).toBe(true);
    expect(allows(schema, '{\n  "a": [\n    1,\n    1\n  ]\n}', { maxWhitespace: 5 })).toBe(true);
    expect(allows(schema, '{\n  "a": [\n    1,\n    1\n  ]\n}', { maxWhitespace: 3 })).toBe(false);
  });

  it('is strict about properties where asked to be', () => {
    const schema = {
      type: 'object',
      properties: { a: true, b: { properties: { c: true }, additionalProperties: true } },
    };
    const strict = { strictObjects: true };
    expect(allows(schema, '{"a":{"free":1}}', strict)).toBe(true);
    expect(allows(schema, '{"x":1}', strict)).toBe(false);
    expect(allows(schema, '{"x":1}')).toBe(true);
    expect(allows(schema, '{"b":{"d":1}}', strict)).toBe(true);
    const both = { allOf: [{ type: 'object', properties: { a: true } }, { properties: { b: true } }] };
    expect(allows(both, '{"a":1,"b":1}', strict)).toBe(true);
    expect(allows(both, '{"c":1}', strict)).toBe(false);
  });

  it('reads tuples as draft 7 writes them', () => {
    const schema = { type: 'array', items: [{ const: 1 }, { const: 2 }], additionalItems: { const: 3 } };
    expect(allows(schema, '[1,2,3,3]')).toBe(true);
    expect(allows(schema, '[2]')).toBe(false);
  });

  it.each([
    [{ properties: { a: { not: {} } } }, "at #/properties/a: 'not'"],
    [{ type: 'array', items: { if: {}, else: {} } }, "at #/items: 'if'"],
    [{ anyOf: [{ contains: true }] }, "at #/anyOf/0: 'contains'"],
    [{ dependentRequired: {} }, "'dependentRequired'"],
    [{ unevaluatedProperties: false }, "'unevaluatedProperties'"],
    [{ type: 'array', uniqueItems: true }, "'uniqueItems'"],
    [{ type: 'string', format: 'regex' }, '\'format\' is not supported: "regex"'],
    [{ type: 'number', multipleOf: 0.5 }, '0.5 is not a whole number'],
    [{ type: 'string', pattern: '(?=a)' }, 'lookahead'],
    [{ oneOf: [{ type: 'number' }, { type: 'integer' }] }, "'oneOf' is not supported: a value may follow two"],
    [{ oneOf: [{ type: 'object' }, { type: 'object', required: ['a'] }] }, "'oneOf'"],
    [{ $ref: 'other.json' }, 'is not inside the schema'],
    [{ $ref: '#/$defs/none' }, "there is no schema at '#/$defs/none'"],
    [{ $ref: '#' }, 'refers to itself'],
    [{ anyOf: [{ $ref: '#' }, { type: 'null' }] }, 'refers to itself'],
    [{ typ: 'string' }, "'typ' is not supported"],
    [{ type: 'text' }, "'type' must be one of"],
    [{ minLength: -1 }, "'minLength' must be"],
    [{ enum: [{ a: 1 }], required: ['a'] }, "'required' is not supported: beside an enum"],
    [{ type: 'object', minProperties: 3 }, "'minProperties'"],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, 'there is no text that it allows'],
    [12, 'a schema is an object, true or false'],
  ])('refuses %j in one line', (schema, message) => {
    expect(() => compileJsonSchema(schema, vocabulary)).toThrow(message);
  });

  it('ends with schemas that are made to be large', () => {
    const nested = (depth: number): unknown => (depth === 0 ? {} : { type: 'array', items: nested(depth - 1) });
    expect(() => compileJsonSchema(nested(3000), vocabulary)).toThrow('nest deeper');
    const brackets = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(() => compileJsonSchema({ const: brackets }, vocabulary)).toThrow('nest too deeply');
    const names = Array.from({ length: 20_000 }, (_, i) => `name ${i}`);
    expect(allows({ enum: names }, '"name 19999"')).toBe(true);
    const product = {
      allOf: Array.from({ length: 30 }, (_, i) => ({
        anyOf: [{ minLength: i }, { maxLength: 90 - i }, { minimum: i }],
      })),
    };
    expect(() => compileJsonSchema(product, vocabulary)).toThrow('rules');
    const patterns = { type: 'string', pattern: '(a|b)*a(a|b){18}', allOf: [{ pattern: '(a|b)*b(a|b){19}' }] };
    expect(() => compileJsonSchema(patterns, vocabulary)).toThrow('states');
    const long = compileJsonSchema({ type: 'string', maxLength: 1e9 }, vocabulary);
    expect(accepts(long, JSON.stringify('x'.repeat(2000)), random)).toBe(true);
    const wide = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`p${i}`, { type: 'integer' }])),
    };
    expect(allows({ ...wide, additionalProperties: false }, '{"p0":1,"p450":2,"p899":3}')).toBe(true);
    expect(allows({ ...wide, additionalProperties: false }, '{"p450":2,"p0":3}')).toBe(false);
  });

  it('draws every format so that its own automaton reads it', () => {
    for (const format of FORMATS) {
      const constraint = compileJsonSchema({ type: 'string', format }, vocabulary);
      for (let i = 0; i < 5; i++)
        expect(accepts(constraint, draw(constraint, random, { length: 20 }), random)).toBe(true);
    }
  });
});

describe('docs/STRUCTURED-OUTPUT.md', () => {
  const text = readFileSync('docs/STRUCTURED-OUTPUT.md', 'utf8');
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, keyword, note]) => ({
    keyword,
    note: note.trim(),
  }));

  it('lists what is supported and refused, and nothing else', () => {
    expect(rows.filter(({ note }) => !note.startsWith('refused'))).toEqual(
      Object.entries(SUPPORTED).map(([keyword, { note = '' }]) => ({ keyword, note })),
    );
    expect(rows.filter(({ note }) => note.startsWith('refused'))).toEqual(
      [...REFUSED].map(([keyword, remedy]) => ({ keyword, note: `refused: ${remedy}` })),
    );
    for (const name of [...ANNOTATIONS, ...FORMATS]) expect(text).toContain(`\`${name}\``);
  });
});
