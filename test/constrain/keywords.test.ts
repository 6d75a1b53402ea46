/** Single keywords: what they mean, what is refused and how, and that the documentation says so. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { compileJsonSchema, type JsonSchemaOptions } from '../../src/constrain/index.ts';
import { FORMATS } from '../../src/constrain/json-schema/formats.ts';
import { REFUSED, SUPPORTED } from '../../src/constrain/json-schema/keywords.ts';
import { createRandom } from '../../src/support/random.ts';
import { itLong } from '../helpers/long.ts';
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
  // As JSON.stringify writes whole numbers from 1e21 on.
  [
    { type: 'integer' },
    ['100000000000000000000', '1e+21', '-1.2345678910111214e+52', '1.6e+308'],
    ['1.5e1', '1e+309', '1.8e+308', '1e-5'],
  ],
  [{ type: 'integer', minimum: 3 }, ['1e+30', '3'], ['-1e+30', '2']],
  [{ type: 'integer', maximum: 3 }, ['-1e+30', '3'], ['1e+30', '4']],
  [{ type: 'integer', multipleOf: 0.5 }, ['3', '1e+308'], ['2.5']],
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
  // Names that are not listed, and are sure to differ.
  [
    { type: 'object', minProperties: 3, properties: { z: { type: 'null' } } },
    ['{"a":1,"b":2,"c":3}', '{"z":null,"a":1,"é":2}', '{"1":1,"a":2,"x":3,"x2":4}'],
    ['{}', '{"a":1,"b":2}', '{"a":1,"a":2,"b":3}', '{"z":1,"a":1,"b":1}'],
  ],
  [
    { type: 'object', minProperties: 2, maxProperties: 2, propertyNames: { pattern: '^[xy]' } },
    ['{"x":1,"y":2}', '{"x1":1,"y2":2}'],
    ['{"x":1}', '{"x":1,"x":2}', '{"x":1,"y":2,"y1":3}'],
  ],
  [{ type: 'object', minProperties: 2, properties: { a: true }, additionalProperties: false }, [], ['{"a":1}']],
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
  // What says nothing about validity, or nothing that is known.
  [
    { type: 'string', 'x-order': 1, example: 'a', discriminator: { propertyName: 'p' }, format: 'password' },
    ['"a"'],
    ['1'],
  ],
  [
    {
      $id: 'https://example.org/a.json',
      type: 'object',
      properties: { id: { $ref: '#n' } },
      $defs: { n: { $anchor: 'n', type: 'integer' } },
    },
    ['{"id":1}'],
    ['{"id":"a"}'],
  ],
  [
    { $id: 'https://example.org/a.json', $ref: 'b.json', $defs: { b: { $id: 'b.json', type: 'integer' } } },
    ['1'],
    ['"a"'],
  ],
  // Counts beside automata.
  [{ type: 'string', pattern: '^https?://', maxLength: 2048 }, ['"https://example.org/"', '"http://"'], ['"ftp://"']],
  [{ type: 'string', pattern: '^a+$', minLength: 3, maxLength: 4 }, ['"aaa"', '"aaaa"'], ['"aa"', '"aaaaa"']],
  [
    { type: 'string', pattern: '["\\\\é]$', minLength: 2, maxLength: 3 },
    ['"a\\""', '"ab\\\\"', '"éé"'],
    ['"\\""', '"abcé"'],
  ],
  [{ type: 'string', pattern: '^(ab)*$', minLength: 3, maxLength: 5 }, ['"abab"'], ['"ab"', '"ababab"', '"aba"']],
  [{ type: 'string', pattern: '^(ab)*$', minLength: 5, maxLength: 5 }, [], ['"ababa"']],
  // What must not hold.
  [{ not: { type: ['integer', 'string'] } }, ['1.5', 'null', '[]', '{}', 'true'], ['1', '"a"']],
  [{ type: 'string', not: { pattern: '^a' } }, ['"b"', '""'], ['"a"', '"ab"']],
  [{ type: 'integer', not: { minimum: 3 } }, ['2', '-5'], ['3']],
  [{ type: 'number', not: { multipleOf: 2 } }, ['1', '2.5', '-3'], ['2', '-4', '0', '4.0']],
  [{ not: { enum: [1, 'a', [1]] } }, ['2', '"b"', '[2]', '[]', '[1,1]', '{}'], ['1', '1.0', '"a"', '[1]']],
  [{ type: 'object', not: { required: ['a'] } }, ['{}', '{"b":1}'], ['{"a":1}']],
  [
    { type: 'object', not: { additionalProperties: { type: 'integer' } } },
    ['{"x":"a"}', '{"y":1,"x":"a"}'],
    ['{}', '{"x":1}'],
  ],
  [{ type: 'array', not: { items: { type: 'integer' } } }, ['["a"]', '[1,"a",2]'], ['[]', '[1,2]']],
  // Alternatives of which one holds.
  [{ oneOf: [{ type: 'integer' }, { type: 'number', minimum: 2.5 }] }, ['1', '2', '3.5'], ['3', '1.5']],
  [{ enum: [{ a: 1 }, [2], 1], oneOf: [{ enum: ['a', [2]] }, { const: 1 }] }, ['1', '[2]'], ['{"a":1}']],
  [
    {
      oneOf: [
        { type: 'object', required: ['a'] },
        { type: 'object', required: ['b'] },
      ],
    },
    ['{"a":1}', '{"b":1}', '{"c":1,"a":1}'].slice(0, 2),
    ['{}', '{"a":1,"b":1}'],
  ],
  [{ enum: [{ a: 1 }, { b: 1 }, 3], required: ['a'] }, ['{"a":1}', '3'], ['{"b":1}']],
  [
    {
      type: 'object',
      properties: { kind: { enum: ['x', 'y'] }, n: {} },
      required: ['kind'],
      if: { properties: { kind: { const: 'x' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword
      then: { properties: { n: { type: 'integer' } }, required: ['n'] },
      else: { not: { required: ['n'] } },
    },
    ['{"kind":"x","n":1}', '{"kind":"y"}', '{"kind":"y","m":1}'],
    ['{"kind":"x"}', '{"kind":"x","n":"a"}', '{"kind":"y","n":1}'],
  ],
  [{ type: 'object', dependentRequired: { a: ['b'] } }, ['{}', '{"b":1}', '{"a":1,"b":2}'], ['{"a":1}']],
  [
    { type: 'object', dependentSchemas: { a: { properties: { b: { type: 'integer' } } } } },
    ['{"b":"x"}', '{"a":1,"b":2}', '{"a":1}'],
    ['{"a":1,"b":"x"}'],
  ],
  // Items that are counted.
  [{ type: 'array', contains: { type: 'integer' }, maxContains: 2 }, ['[1]', '["a",1,2]'], ['[]', '["a"]', '[1,2,3]']],
  [
    { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true },
    ['[]', '["b","a"]', '["c","a","b"]'],
    ['["a","a"]', '["a","b","a"]'],
  ],
  [{ type: 'number', multipleOf: 0.01 }, ['0.07', '-1.5', '3', '2.500'], ['0.001', '1.234']],
  [
    { properties: { a: true }, allOf: [{ properties: { b: true } }], unevaluatedProperties: false },
    ['{"a":1,"b":2}', '3'],
    ['{"c":1}'],
  ],
  [{ type: 'array', prefixItems: [true], unevaluatedItems: { type: 'integer' } }, ['["a",1]'], ['["a","b"]']],
  // Groups that speak of different properties do not multiply.
  [
    {
      allOf: Array.from({ length: 12 }, (_, i) => ({
        anyOf: [0, 1, 2, 3].map(k => ({
          type: 'object',
          properties: { [`p${i}`]: { const: k } },
          required: [`p${i}`],
        })),
      })),
    },
    [`{${Array.from({ length: 12 }, (_, i) => `"p${i}":${i % 4}`).join()}}`],
    [`{${Array.from({ length: 12 }, (_, i) => `"p${i}":${i % 5}`).join()}}`, '{}'],
  ],
];

/** What no validator says, or each says otherwise. */
const OURS: [schema: unknown, allowed: string[], forbidden: string[]][] = [
  [
    {
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'https://example.org/p',
      minimum: 3,
      exclusiveMinimum: true,
    },
    ['4', '"a"'],
    ['3'],
  ],
  [
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $ref: '#/definitions/a',
      type: 'null',
      definitions: { a: { type: 'integer' } },
    },
    ['1'],
    ['null'],
  ],
  [{ type: 'string', nullable: true }, ['null', '"a"'], ['1']],
  [{ type: 'boolean', contentEncoding: 'base64', nullable: false }, ['true'], ['null']],
  [
    { type: 'object', dependencies: { a: ['b'], c: { required: ['d'] } } },
    ['{}', '{"a":1,"b":1}', '{"c":1,"d":1}'],
    ['{"a":1}', '{"c":1}'],
  ],
  [
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'http://a/b/',
      definitions: { one: { $id: 'http://a/one.json', type: 'string' }, two: { $id: 'one.json', type: 'integer' } },
      allOf: [{ $id: 'http://a/', $ref: 'one.json' }],
    },
    ['1'],
    ['"a"'],
  ],
];

const strings = (list: string[]): string[] => list.map(text => JSON.stringify(text));
const FORMAT_CASES: [format: string, allowed: string[], forbidden: string[]][] = [
  [
    'uri',
    [
      'file:///etc/hosts',
      'postgres:///shop',
      'https://ann:pw@example.org/',
      'http://[::1]:8080/',
      'urn:a:b',
      'mailto:a@b',
      'http:',
    ],
    ['//a', 'a b:c', 'http://[::1', '1a:b', 'http://a/^'],
  ],
  ['uri-reference', ['', '/a', '#f', 'a/b:c', '//h/p', 'http://a'], ['a b', '\\a']],
  ['iri', ['http://ƒøø.ßår/?∂=π'], ['//ƒøø']],
  [
    'hostname',
    [
      'db.prod.svc.cluster.local',
      'ec2-1-2-3-4.eu-west-1.compute.amazonaws.com',
      `${'n'.repeat(63)}.org`,
      'a--b.org',
      'a',
    ],
    [`${'n'.repeat(64)}.org`, '-a', 'a-', 'a..b', '', 'xn--a', `${'a.'.repeat(126)}ab`],
  ],
  [
    'ipv6',
    ['::', '::1', '::ffff:1.2.3.4', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:1.2.3.4', '1::2:1.2.3.4'],
    ['1::2::3', '1:2:3:4:5:6:7:8:9', ':1', '::1.2.3', '1:2:3:4:5:6:7:1.2.3.4'],
  ],
  [
    'time',
    ['23:59:60Z', '01:29:60+01:30', '15:59:60-08:00', '08:30:06.283185z'],
    ['22:59:60Z', '23:59:60+01:00', '24:00:00Z', '08:30:06'],
  ],
  [
    'date-time',
    ['1998-12-31T23:59:60Z', '1963-06-19t08:30:06z', '2024-02-29T00:00:00+23:59'],
    ['2023-02-29T00:00:00Z', '1998-12-31T22:59:60Z'],
  ],
  ['duration', ['P1Y2M3D', 'PT1H2M3S', 'P4W', 'P1DT1S', 'P1YT1M'], ['P1Y2D', 'PT1H2S', 'P', 'PT', 'P1W2D']],
  [
    'email',
    ['a@b', '"joe bloggs"@example.com', 'joe@[127.0.0.1]', 'joe@[IPv6:::1]'],
    ['.a@b', 'a..b@c', 'a@[127.0.0.300]', 'a@-b'],
  ],
  ['json-pointer', ['', '/a~1b', '/'], ['a', '/~2']],
  ['relative-json-pointer', ['0', '1/a', '2#'], ['01', '/a', '-1']],
  ['uri-template', ['/a/{b}{?c,d*}', "it's"], ['{', '{a', 'a b']],
  [
    'regex',
    [
      ...[
        '^a+$',
        '([abc])+\\s',
        'a|(b|(?:c))*',
        '\\cA',
        '[\\cJ]',
        '(?<name>x)',
        '^(?<n>a)\\k<n>$',
        '(?<=a+)b',
        '(?!(a|b))c',
      ],
    ],
    ['^(abc]', '(', 'a**', '[a', '(?=a)*', '(?<a>x)(?<a>y)', '(?<a>x)\\k<b>', '\\k<a>(?<b>x)', '\\c1'],
  ],
];

describe('keywords', () => {
  it.each(CASES)('%j', (schema, allowed, forbidden) => {
    const isValid = new Ajv2020({ strict: false, multipleOfPrecision: 9 }).compile(schema as object);
    if (allowed.length === 0) {
      expect(() => compileJsonSchema(schema, vocabulary)).toThrow('there is no text that it allows');
    }
    for (const text of allowed) {
      expect(allows(schema, text), text).toBe(true);
      expect(isValid(JSON.parse(text)), `ajv: ${text}`).toBe(true);
    }
    for (const text of allowed.length === 0 ? [] : forbidden) expect(allows(schema, text), text).toBe(false);
  });

  it.each(OURS)('%j', (schema, allowed, forbidden) => {
    for (const text of allowed) expect(allows(schema, text), text).toBe(true);
    for (const text of forbidden) expect(allows(schema, text), text).toBe(false);
  });

  it.each(FORMAT_CASES)('knows the format %s', (format, allowed, forbidden) => {
    const schema = { type: 'string', format };
    for (const text of strings(allowed)) expect(allows(schema, text), text).toBe(true);
    for (const text of strings(forbidden)) expect(allows(schema, text), text).toBe(false);
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

  it('follows references into documents that are given', () => {
    const documents = {
      'https://a.example/defs.json': { $defs: { id: { type: 'integer' }, ids: { items: { $ref: '#/$defs/id' } } } },
      'https://a.example/old.json': {
        $schema: 'http://json-schema.org/draft-07/schema#',
        definitions: { one: { const: 1 } },
        $ref: '#/definitions/one',
        type: 'string',
      },
      'https://a.example/2019.json': {
        $schema: 'https://json-schema.org/draft/2019-09/schema',
        prefixItems: [{ type: 'string' }],
      },
    };
    const at = (reference: string) => ({ $id: 'https://a.example/root.json', $ref: reference });
    const ids = { type: 'array', ...at('defs.json#/$defs/ids') };
    expect(allows(ids, '[1,2]', { documents })).toBe(true);
    expect(allows(ids, '["a"]', { documents })).toBe(false);
    // Each document is read as its own draft says.
    expect(allows(at('old.json'), '1', { documents })).toBe(true);
    expect(allows(at('2019.json'), '[1]', { documents })).toBe(true);
    expect(() => compileJsonSchema(at('none.json'), vocabulary, { documents })).toThrow('is not inside the schema');
    expect(() => compileJsonSchema(at('defs.json#/none'), vocabulary, { documents })).toThrow('there is no schema at');
  });

  it('leaves validation aside where the metaschema does', () => {
    const core = { 'https://json-schema.org/draft/2020-12/vocab/core': true };
    const documents = {
      'https://a.example/core': { $vocabulary: core },
      'https://a.example/all': {
        $vocabulary: { ...core, 'https://json-schema.org/draft/2020-12/vocab/validation': true },
      },
    };
    const schema = (name: string) => ({ $schema: `https://a.example/${name}`, type: 'string' });
    expect(allows(schema('core'), '1', { documents })).toBe(true);
    expect(allows(schema('all'), '1', { documents })).toBe(false);
    expect(allows(schema('core'), '1')).toBe(false);
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
    [{ not: { uniqueItems: true } }, "'uniqueItems' is not supported: where it must not hold"],
    [{ type: 'string', pattern: '(?=a)' }, 'lookahead'],
    [{ type: 'string', format: 'idn-hostname' }, '\'format\' is not supported: "idn-hostname"'],
    [
      { properties: { 'a/b': { $ref: 'other.json' } } },
      "at #/properties/a~1b: '$ref' is not supported: 'other.json' is not inside",
    ],
    [{ items: { $dynamicRef: '#a' } }, "at #/items: '$dynamicRef' is not supported"],
    [{ $ref: '#/$defs/none' }, "there is no schema at '#/$defs/none'"],
    [{ $ref: '#' }, 'refers to itself'],
    [{ not: { $ref: '#' } }, 'there is no text that it allows'],
    [{ anyOf: [{ $ref: '#' }, { type: 'null' }] }, 'refers to itself'],
    [{ type: 'text' }, "'type' must be one of"],
    [{ minLength: -1 }, "'minLength' must be"],
    [{ type: 'object', minProperties: 38 }, "'minProperties'"],
    [{ type: 'number', multipleOf: 0.123456789 }, "'multipleOf' is not supported"],
    [
      { unevaluatedProperties: false, anyOf: [{ properties: { a: true } }] },
      "'unevaluatedProperties' is not supported: beside 'anyOf'",
    ],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, 'there is no text that it allows'],
    [12, 'a schema is an object, true or false'],
  ])('refuses %j in one line', (schema, message) => {
    expect(() => compileJsonSchema(schema, vocabulary)).toThrow(message);
  });

  itLong('ends with schemas that are made to be large', () => {
    const nested = (depth: number): unknown => (depth === 0 ? {} : { type: 'array', items: nested(depth - 1) });
    expect(() => compileJsonSchema(nested(3000), vocabulary)).toThrow(/nest (deeper|too deeply)/);
    const brackets = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(() => compileJsonSchema({ const: brackets }, vocabulary)).toThrow('nest too deeply');
    const names = Array.from({ length: 20_000 }, (_, i) => `name ${i}`);
    expect(allows({ enum: names }, '"name 19999"')).toBe(true);
    const product = {
      allOf: Array.from({ length: 30 }, (_, i) => ({
        anyOf: [{ minLength: i }, { maxLength: 90 - i }, { minimum: i }],
      })),
    };
    expect(() => compileJsonSchema(product, vocabulary)).toThrow(/rules|multiply/);
    const patterns = { type: 'string', pattern: '(a|b)*a(a|b){18}', allOf: [{ pattern: '(a|b)*b(a|b){19}' }] };
    expect(() => compileJsonSchema(patterns, vocabulary)).toThrow('transitions between states');
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
    for (const name of FORMATS) expect(text).toContain(`\`${name}\``);
  });
});
