/** Random JSON Schemas whose keywords know nothing of each other: what follows from them together has to be worked out. */
import type { Random } from '../../src/support/random.ts';

type Keywords = Record<string, unknown>;
/** Draft 7 has lists of `items`, 2020-12 has `prefixItems`. */
export type Draft = 7 | 2020;

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];
const some = <T>(random: Random, most: number, make: () => T): T[] =>
  Array.from({ length: 1 + random.below(most) }, make);

/** None is empty: ajv does not see that such a name is missing. */
const NAMES = ['a', 'b', 'id', 'x y', 'é', '中', 'p1'];
const PATTERNS = ['^[a-z]+$', '\\d', '^.{1,3}$', '^(ab|cd)*$', '^\\p{L}', '["\\\\]', '^p\\d+$', '\\.com$'];
const FORMATS = ['date', 'time', 'date-time', 'duration', 'uuid', 'email', 'hostname', 'ipv4', 'ipv6', 'uri'];
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
const VALUES = [0, 1, -3, 2.5, 'a', 'ab', '2024-02-29', '"', null, true, [], [1], ['a', 2], {}, { a: 1 }, { b: 'x' }];

const bound = (random: Random): number =>
  Number(((random.next() - 0.5) * 10 ** random.below(4)).toFixed(random.below(3)));

/** A keyword with a value that it may have; those that nest get schemas of less depth. */
type Maker = (random: Random, inner: () => unknown) => Keywords;

const flat: Maker[] = [
  random => ({ type: pick(random, TYPES) }),
  random => ({ type: [...new Set(some(random, 3, () => pick(random, TYPES)))] }),
  random => ({ enum: [...new Set(some(random, 5, () => pick(random, VALUES)))] }),
  random => ({ const: pick(random, VALUES) }),
  random => ({ minLength: random.below(4) }),
  random => ({ maxLength: random.below(8) }),
  random => ({ pattern: pick(random, PATTERNS) }),
  random => ({ format: pick(random, FORMATS) }),
  random => ({ minimum: bound(random) }),
  random => ({ maximum: bound(random) }),
  random => ({ exclusiveMinimum: bound(random) }),
  random => ({ exclusiveMaximum: bound(random) }),
  random => ({ multipleOf: 1 + random.below(12) }),
  random => ({ minItems: random.below(3) }),
  random => ({ maxItems: random.below(4) }),
  () => ({ uniqueItems: true, maxItems: 1 }),
  random => ({ required: [...new Set(some(random, 2, () => pick(random, NAMES)))] }),
  random => ({ minProperties: random.below(2) }),
  random => ({ maxProperties: random.below(4) }),
];

const properties: Maker = (random, inner) => ({
  properties: Object.fromEntries(some(random, 4, () => [pick(random, NAMES), inner()])),
});
const nesting: Maker[] = [
  properties,
  properties,
  (random, inner) => ({ additionalProperties: pick(random, [true, false, inner()]) }),
  (random, inner) => ({ patternProperties: { [pick(random, PATTERNS)]: inner() } }),
  random => ({ propertyNames: pick<unknown>(random, [{ pattern: pick(random, PATTERNS) }, { maxLength: 2 }, true]) }),
  (_, inner) => ({ items: inner() }),
  (random, inner) => ({ anyOf: some(random, 3, inner) }),
  (random, inner) => ({ allOf: some(random, 2, inner) }),
  (random, inner) => ({ oneOf: some(random, 2, inner) }),
];
const lists: Record<Draft, Maker> = {
  7: (random, inner) => ({ items: some(random, 3, inner), additionalItems: pick(random, [true, false, inner()]) }),
  2020: (random, inner) => ({ prefixItems: some(random, 3, inner) }),
};

const definitions: Record<Draft, string> = { 7: 'definitions', 2020: '$defs' };

/** A whole schema, in parts of which `$ref` may stand. */
export function wildSchema(random: Random, draft: Draft): unknown {
  const name = definitions[draft];
  const draw = (depth: number): unknown => {
    if (random.below(12) === 0) return random.below(3) > 0;
    const makers = depth > 0 ? [...flat, ...nesting, ...nesting, lists[draft]] : flat;
    // Under properties and items alone: a schema that means itself is none.
    const inner = (): unknown => (depth > 1 && random.below(8) === 0 ? reference() : draw(depth - 1));
    const keywords = some(random, 4, () => pick(random, makers));
    return Object.assign({}, ...keywords.map(make => make(random, DESCENDS.has(make) ? inner : () => draw(depth - 1))));
  };
  const reference = (): unknown => ({ $ref: `#/${name}/${pick(random, ['one', 'two'])}` });
  const root = draw(3);
  if (typeof root !== 'object') return root;
  return { ...root, [name]: { one: draw(2), two: draw(2) } };
}

/** What asks something of a part of a value. */
const DESCENDS = new Set<Maker>([...nesting.slice(0, 4), nesting[5], ...Object.values(lists)]);
