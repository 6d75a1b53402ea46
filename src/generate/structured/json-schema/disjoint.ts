/** Whether no value can follow two sets of schemas: what `oneOf` needs to be the same as `anyOf`. */
import { dfaOf, intersect, isEmpty } from '../automata/dfa.ts';
import { choice, type Expression } from '../automata/expression.ts';
import { countsOf } from './arrays.ts';
import { type Builder, typesOf } from './builder.ts';
import { followsEnum, isSame } from './enums.ts';
import type { Schema } from './keywords.ts';
import { at, type Located, type Plain, type Together } from './members.ts';
import { numberRange, numberText } from './numbers.ts';
import { stringText } from './strings.ts';

/** How deep properties are compared. */
const DEEPEST = 6;

/** True where it is certain; false where a value may follow both, or it is not clear. */
export function areDisjoint(builder: Builder, a: Together, b: Together, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ]) {
    const [group, ...groups] = one.groups;
    if (!group) continue;
    return group.alternatives.every(alternative => {
      const option = builder.reader.together([alternative], { plain: one.plain, groups }, group.within);
      return !option || areDisjoint(builder, option, other, depth + 1);
    });
  }
  return arePlainDisjoint(builder, a.plain, b.plain, depth);
}

function arePlainDisjoint(builder: Builder, a: readonly Plain[], b: readonly Plain[], depth: number): boolean {
  const [typesA, typesB] = [typesOf(a), typesOf(b)];
  const [listA, listB] = [a, b].map((plain, i) =>
    plain.some(({ schema }) => schema.enum !== undefined || Object.hasOwn(schema, 'const'))
      ? followsEnum(plain, i === 0 ? typesA : typesB)
      : undefined,
  );
  if (listA && listB) return !listA.some(value => listB.some(other => isSame(value, other)));
  const isNumber = (types: ReadonlySet<string>): boolean => types.has('number') || types.has('integer');
  if (['null', 'boolean'].some(type => typesA.has(type as 'null') && typesB.has(type as 'null'))) {
    if (!listA && !listB) return false;
  }
  if (listA || listB) {
    // A list against a description: no value of the list may have a type that the other allows, but for texts and numbers.
    const [list, types, plain] = listA ? [listA, typesB, b] : [listB!, typesA, a];
    return list.every(value => {
      if (typeof value === 'object' && value !== null) return !types.has(Array.isArray(value) ? 'array' : 'object');
      return followsEnum([...plain, { schema: { const: value }, path: '#' }], types).length === 0;
    });
  }
  const areApart = (write: (plain: readonly Plain[]) => Expression): boolean =>
    isEmpty(intersect(dfaOf(write(a)), dfaOf(write(b))));
  if (typesA.has('string') && typesB.has('string') && !areApart(stringText)) return false;
  if (isNumber(typesA) && isNumber(typesB)) {
    const text = (plain: readonly Plain[]): Expression => {
      const range = numberRange(plain);
      const types = typesOf(plain);
      return types.has('number') ? numberText(range, false) : types.has('integer') ? numberText(range, true) : choice();
    };
    if (!areApart(text)) return false;
  }
  if (typesA.has('array') && typesB.has('array')) {
    const [countsA, countsB] = [a, b].map(plain => countsOf(plain, 'minItems', 'maxItems'));
    if (!(countsA.min > countsB.max || countsB.min > countsA.max)) return false;
  }
  return !(typesA.has('object') && typesB.has('object')) || areObjectsDisjoint(builder, a, b, depth);
}

/** Whether a property that both require, or one requires and the other forbids, tells them apart. */
function areObjectsDisjoint(builder: Builder, a: readonly Plain[], b: readonly Plain[], depth: number): boolean {
  const requiredBy = (plain: readonly Plain[]): Set<string> =>
    new Set(plain.flatMap(({ schema }) => (schema.required as string[] | undefined) ?? []));
  const [requiredA, requiredB] = [requiredBy(a), requiredBy(b)];
  for (const name of new Set([...requiredA, ...requiredB])) {
    const [ofA, ofB] = [a, b].map(plain => builder.reader.together(plain.flatMap(one => propertySchema(one, name))));
    if (!ofA || !ofB) return true;
    if (requiredA.has(name) && requiredB.has(name) && areDisjoint(builder, ofA, ofB, depth + 1)) return true;
  }
  return false;
}

/** What a schema says of a property, as far as that is sure. */
function propertySchema({ schema, path }: Plain, name: string): Located[] {
  const properties = schema.properties as Record<string, Schema> | undefined;
  if (properties && Object.hasOwn(properties, name)) return [at(properties[name], path, 'properties', name)];
  if (schema.patternProperties !== undefined || schema.additionalProperties === undefined) return [];
  return [at(schema.additionalProperties, path, 'additionalProperties')];
}
