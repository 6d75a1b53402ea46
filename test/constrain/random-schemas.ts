/** Random JSON Schemas of the supported keywords, and random values that follow them. */
import type { Random } from '../../src/support/random.ts';

type Json = unknown;
export interface Case {
  schema: Json;
  /** A value that follows it, properties in the schema's order. */
  value: () => Json;
}

const WORDS = ['a', 'b', 'id', 'name', 'x y', 'é', '中', 'quote"', 'back\\slash', 'tab\t', '', 'constructor'];
const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];
const between = (random: Random, low: number, high: number): number => low + random.below(high - low + 1);
const CHARACTERS = [...'abcXYZ 0189"\\/\n\t{}[],:é中\u{1f600}\u0001\u007f\u2028'];
const text = (random: Random, length: number): string =>
  Array.from({ length }, () => pick(random, CHARACTERS)).join('');

/** Patterns with a way to write a match. */
const PATTERNS: [pattern: string, match: (random: Random) => string][] = [
  ['^[a-z]+$', random => 'abcz'.slice(random.below(4))],
  ['^\\d{3}-\\d{4}$', random => `${between(random, 100, 999)}-${between(random, 1000, 9999)}`],
  ['[f-k]x?|^bar', random => pick(random, ['f', 'a"h\n', 'bar', 'barrr', 'akxa'])],
  ['^(\\w+@)?\\p{Lu}{1,3}$', random => pick(random, ['A', 'ab@ÉÈ', 'x@ABC'])],
  ['"', random => `${text(random, 2)}"${text(random, 1)}`],
  ['^[^\\n]{2,5}$', random => text(random, between(random, 2, 5)).replaceAll('\n', 'n')],
];

const FORMATS: Record<string, (random: Random) => string> = {
  date: random => pick(random, ['2024-02-29', '1999-12-31', '2023-04-30']),
  time: random => pick(random, ['23:59:59Z', '00:00:00.123+01:30']),
  'date-time': random => pick(random, ['2024-02-29T12:00:00Z', '2000-01-01T00:00:00.5-08:00']),
  uuid: () => '123e4567-e89b-12d3-a456-426614174000',
  email: random => pick(random, ['a@b.cd', 'first.last+tag@sub.example.com']),
  ipv4: random => pick(random, ['127.0.0.1', '255.255.255.255', '0.10.200.30']),
  ipv6: random => pick(random, ['::1', '1:2:3:4:5:6:7:8', 'fe80::1:0:ab']),
  uri: random => pick(random, ['https://example.com/a?b=c#d', 'urn:isbn:123', 'http://a:80']),
  hostname: random => pick(random, ['localhost', 'a-b.example.com']),
  duration: random => pick(random, ['P3D', 'PT1H30M', 'P1Y2M3DT4H5M6S', 'P2W']),
};

/** @param depth how deep arrays and objects nest */
export function randomCase(random: Random, depth = 3): Case {
  const makers: ((random: Random, depth: number) => Case)[] = [
    string,
    number,
    integer,
    enumeration,
    simple,
    simple,
    string,
  ];
  if (depth > 0) makers.push(object, object, object, array, array, anyOf, oneOf, allOf, reference);
  return pick(random, makers)(random, depth);
}

function simple(random: Random): Case {
  return pick<Case>(random, [
    { schema: { type: 'boolean' }, value: () => random.below(2) === 0 },
    { schema: { type: 'null' }, value: () => null },
    { schema: { type: ['string', 'null'] }, value: () => (random.below(2) ? null : text(random, 3)) },
    { schema: { type: ['integer', 'boolean', 'array'] }, value: () => pick(random, [1, true, [], [1, 'a', {}]]) },
    { schema: true, value: () => pick(random, [1, null, 'x', [1, [2]], { a: { b: [] } }, true, -0.5e-9]) },
    { schema: {}, value: () => ({ [text(random, 2)]: text(random, 2) }) },
  ]);
}

function string(random: Random): Case {
  const kind = random.below(4);
  if (kind === 0) {
    const [pattern, match] = pick(random, PATTERNS);
    return { schema: { type: 'string', pattern }, value: () => match(random) };
  }
  if (kind === 1) {
    const format = pick(random, Object.keys(FORMATS));
    return { schema: { type: 'string', format }, value: () => FORMATS[format](random) };
  }
  if (kind === 2) {
    const minLength = random.below(4);
    const maxLength = minLength + random.below(6);
    return {
      schema: { type: 'string', minLength, maxLength },
      value: () => text(random, between(random, minLength, maxLength)),
    };
  }
  if (random.below(3) === 0) {
    const [least, most] = [random.below(3), between(random, 3, 12)];
    return {
      schema: { type: 'string', pattern: '^[a-c"é]*$', minLength: least, maxLength: most },
      value: () => Array.from({ length: between(random, least, most) }, () => pick(random, [...'abc"é'])).join(''),
    };
  }
  return { schema: { type: 'string' }, value: () => text(random, random.below(8)) };
}

const decimal = (random: Random, low: number, high: number): number =>
  Math.min(high, Math.max(low, Number((low + random.next() * (high - low)).toFixed(random.below(4)))));

function number(random: Random): Case {
  const kind = random.below(3);
  if (kind === 0) {
    return { schema: { type: 'number' }, value: () => (random.next() - 0.5) * 10 ** between(random, -300, 300) };
  }
  const low = Number(((random.next() - 0.5) * 10 ** random.below(4)).toFixed(random.below(4)));
  const high = Number((low + random.next() * 10 ** random.below(4) + 0.1).toFixed(3));
  if (kind === 1)
    return { schema: { type: 'number', minimum: low, maximum: high }, value: () => decimal(random, low, high) };
  const middle = Number(((low + high) / 2).toFixed(4));
  return pick<Case>(random, [
    { schema: { type: 'number', exclusiveMinimum: low, exclusiveMaximum: high }, value: () => middle },
    { schema: { type: 'number', minimum: low }, value: () => pick(random, [low, middle, high, 123456]) },
    { schema: { type: 'number', exclusiveMaximum: high }, value: () => pick(random, [low, middle, -123456.75]) },
  ]);
}

function integer(random: Random): Case {
  const low = between(random, -1200, 1200);
  const high = low + random.below(10 ** random.below(5));
  const divisor = between(random, 1, 40);
  return pick<Case>(random, [
    { schema: { type: 'integer' }, value: () => between(random, -1e9, 1e9) },
    { schema: { type: 'integer', minimum: low, maximum: high }, value: () => between(random, low, high) },
    { schema: { type: 'integer', exclusiveMinimum: low }, value: () => low + 1 + random.below(5000) },
    { schema: { type: 'integer', maximum: high }, value: () => high - random.below(5000) },
    { schema: { type: 'integer', multipleOf: divisor }, value: () => divisor * between(random, -50, 5000) },
    {
      schema: { type: 'number', multipleOf: divisor, minimum: -divisor * 3, maximum: divisor * 70 },
      value: () => divisor * between(random, -3, 70),
    },
  ]);
}

function enumeration(random: Random): Case {
  const values = [1, -2.5, 'a', 'quote"\n', null, true, [1, { a: [] }], { x: 1, y: { z: 'é' } }, ''].filter(() =>
    random.below(2),
  );
  if (values.length === 0) return { schema: { const: { k: [1, 2] } }, value: () => ({ k: [1, 2] }) };
  return { schema: { enum: values }, value: () => pick(random, values) };
}

function array(random: Random, depth: number): Case {
  const first = Array.from({ length: random.below(3) }, () => randomCase(random, depth - 1));
  const rest = pick<undefined | false | Case>(random, [undefined, false, randomCase(random, depth - 1)]);
  const minItems = random.below(2) ? random.below(3) : undefined;
  const maxItems = random.below(2) ? (minItems ?? 0) + 1 + random.below(4) : undefined;
  const limit = rest === false ? first.length : 6;
  if ((minItems ?? 0) > limit) return array(random, depth);
  const schema: Record<string, Json> = { type: 'array' };
  if (first.length > 0) schema.prefixItems = first.map(one => one.schema);
  if (rest !== undefined) schema.items = rest === false ? false : rest.schema;
  if (minItems !== undefined) schema.minItems = minItems;
  if (maxItems !== undefined) schema.maxItems = maxItems;
  return {
    schema,
    value: () => {
      const length = between(random, minItems ?? 0, Math.min(limit, maxItems ?? limit));
      return Array.from({ length }, (_, i) => (first[i] ?? (rest || ANYTHING)).value());
    },
  };
}

/** Object literals would set the prototype for `__proto__`. */
function put(object: object, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

function object(random: Random, depth: number): Case {
  const names = [...new Set(Array.from({ length: random.below(5) }, () => pick(random, WORDS)))].filter(
    name => !/^(0|[1-9]\d*)$/.test(name),
  );
  const members = names.map(name => ({ name, ...randomCase(random, depth - 1), isRequired: random.below(2) === 0 }));
  const properties = {};
  for (const { name, schema } of members) put(properties, name, schema);
  const schema: Record<string, Json> = { type: 'object', properties };
  const required = members.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  if (required.length > 0) schema.required = random.below(2) ? required : required.reverse();
  const others = random.below(4);
  const other = randomCase(random, 0);
  if (others === 0) schema.additionalProperties = false;
  if (others === 1) schema.additionalProperties = other.schema;
  const byPattern = random.below(4) === 0;
  if (byPattern) schema.patternProperties = { '^p\\d+$': { type: 'integer' } };
  if (random.below(4) === 0) schema.maxProperties = members.length + random.below(2);
  if (random.below(4) === 0) schema.minProperties = required.length + random.below(2);
  const most = (schema.maxProperties as number | undefined) ?? 100;
  const least = (schema.minProperties as number | undefined) ?? 0;
  if (least > members.length) return object(random, depth);
  return {
    schema,
    value: () => {
      let missing = Math.max(0, least - required.length);
      const result = {};
      for (const { name, value, isRequired } of members) {
        if (isRequired || missing > 0 || random.below(2)) put(result, name, value());
        if (!isRequired && missing > 0) missing--;
      }
      const room = most - Object.keys(result).length;
      if (byPattern && room > 0 && random.below(2)) put(result, `p${random.below(100)}z`.slice(0, -1), random.below(9));
      else if (others === 1 && room > 0) put(result, 'other name', other.value());
      else if (others > 1 && room > 0 && random.below(2)) put(result, 'more', { free: [1] });
      return result;
    },
  };
}

function anyOf(random: Random, depth: number): Case {
  const options = Array.from({ length: between(random, 1, 3) }, () => randomCase(random, depth - 1));
  return { schema: { anyOf: options.map(({ schema }) => schema) }, value: () => pick(random, options).value() };
}

/** Alternatives told apart by a constant. */
function oneOf(random: Random, depth: number): Case {
  const options = ['circle', 'square', 'line'].map(kind => {
    const inside = randomCase(random, depth - 1);
    return {
      schema: { type: 'object', properties: { kind: { const: kind }, data: inside.schema }, required: ['kind'] },
      value: () => ({ kind, data: inside.value() }),
    };
  });
  return { schema: { oneOf: options.map(({ schema }) => schema) }, value: () => pick(random, options).value() };
}

function allOf(random: Random, depth: number): Case {
  const [a, b] = [randomCase(random, depth - 1), randomCase(random, depth - 1)];
  return {
    schema: {
      allOf: [
        { type: 'object', properties: { a: a.schema }, required: ['a'] },
        { properties: { a: true, b: b.schema }, minProperties: 1 },
      ],
      title: 'both',
    },
    value: () => (random.below(2) ? { a: a.value() } : { a: a.value(), b: b.value() }),
  };
}

/** A tree that refers to its definition. */
function reference(random: Random, depth: number): Case {
  const leaf = randomCase(random, depth > 1 ? 1 : 0);
  const name = `tree${random.below(1e9)}`;
  const tree = (levels: number): Json => ({
    leaf: leaf.value(),
    children: levels === 0 ? [] : Array.from({ length: random.below(3) }, () => tree(levels - 1)),
  });
  return {
    schema: {
      $id: undefined,
      [DEFINITION]: { name, leaf: leaf.schema },
    },
    value: () => tree(2),
  };
}
const ANYTHING: Case = { schema: true, value: () => 'any' };
const DEFINITION = Symbol('definition');

/** A whole schema: definitions are gathered at the root, where `$ref` finds them. */
export function randomSchema(random: Random): Case {
  const { schema, value } = randomCase(random);
  const $defs: Record<string, Json> = {};
  const withReferences = (part: Json): Json => {
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map(withReferences);
    if (DEFINITION in part) {
      const { name, leaf } = part[DEFINITION] as { name: string; leaf: Json };
      $defs[name] = {
        type: 'object',
        properties: {
          leaf: withReferences(leaf),
          children: { type: 'array', items: { $ref: `#/$defs/${name}` }, maxItems: 3 },
        },
        required: ['leaf', 'children'],
        additionalProperties: false,
      };
      return { $ref: `#/$defs/${name}` };
    }
    const copy = {};
    for (const [key, inner] of Object.entries(part)) put(copy, key, withReferences(inner));
    return copy;
  };
  const whole = withReferences(schema);
  if (typeof whole !== 'object' || whole === null || Object.keys($defs).length === 0) return { schema: whole, value };
  return { schema: { ...whole, $defs }, value };
}
