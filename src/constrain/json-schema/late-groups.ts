/**
 * Groups that speak of an object's properties alone. Which alternative holds is decided when the first property comes that
 * one of them speaks of, rather than before the object: groups that speak of different properties then do not multiply.
 */
import type { Alternatives, Group, Reader, Together } from './together.ts';
import { isListed, typesOf } from './types.ts';

/** Keywords that say something of an object as a whole. */
const OF_WHOLE = [
  ...['additionalProperties', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['~some', '~rest'],
];
/** How deep groups stand in groups. */
const DEEPEST = 4;

/** The names that its alternatives speak of; undefined where it has to be decided before. */
const known = new WeakMap<Alternatives, { names: ReadonlySet<string> | undefined }>();

export const isDecidedLate = (reader: Reader, group: Group): boolean => namesOf(reader, group) !== undefined;

export function namesOf(reader: Reader, group: Group, depth = 0): ReadonlySet<string> | undefined {
  const alternatives = group.alternatives();
  if (!alternatives || depth > DEEPEST) return undefined;
  let found = known.get(alternatives);
  if (!found) {
    found = { names: collect(reader, group, alternatives, depth) };
    known.set(alternatives, found);
  }
  return found.names;
}

function collect(reader: Reader, group: Group, alternatives: Alternatives, depth: number): Set<string> | undefined {
  const names = new Set<string>();
  for (const schemas of alternatives) {
    const all = reader.together(schemas, undefined, group.within);
    if (!all || !typesOf(all.plain.values()).has('object')) continue;
    if (isListed(all.plain.values())) return undefined;
    for (const { schema } of all.plain.values()) {
      if (OF_WHOLE.some(keyword => schema[keyword] !== undefined)) return undefined;
      for (const name of ownNames(schema)) names.add(name);
    }
    for (const inner of all.groups.values()) {
      const theirs = namesOf(reader, inner, depth + 1);
      if (!theirs) return undefined;
      for (const name of theirs) names.add(name);
    }
  }
  return names;
}

/** The names that a schema lists. */
export const ownNames = (schema: Readonly<Record<string, unknown>>): string[] => [
  ...Object.keys((schema.properties ?? {}) as object),
  ...((schema.required as string[] | undefined) ?? []),
];

/** What is left to say from a property on: schemas that speak of later ones or of the whole, and groups. */
export function keyOfRest({ plain, groups }: Together, later: ReadonlySet<string>): string {
  const kept = [...plain].filter(
    ([, { schema }]) =>
      OF_WHOLE.some(keyword => schema[keyword] !== undefined) || ownNames(schema).some(name => later.has(name)),
  );
  return `${kept
    .map(([key]) => key)
    .sort()
    .join()}|${[...groups.keys()].sort().join()}`;
}
