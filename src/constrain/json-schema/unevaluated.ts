/** `unevaluatedProperties` and `unevaluatedItems`: what nothing beside them, nor what they refer to, has spoken of. */
import { type Schema, type SchemaObject, unsupported } from './keywords.ts';
import { at } from './references.ts';
import type { Reader } from './together.ts';

/** Properties that nothing speaks of. */
export interface RestOfProperties {
  names: readonly string[];
  patterns: readonly string[];
  value: Schema;
}

/** Items from a position on. */
export interface RestOfItems {
  from: number;
  value: Schema;
}

/**
 * The keywords with `~rest` and `~restItems` in place of the two.
 *
 * @throws UserError where what was spoken of depends on the value
 */
export function withUnevaluated(own: SchemaObject, source: SchemaObject, path: string, reader: Reader): SchemaObject {
  const { unevaluatedProperties, unevaluatedItems, ...rest } = own;
  if (unevaluatedProperties === undefined && unevaluatedItems === undefined) return own;
  const names = new Set<string>();
  const patterns = new Set<string>();
  let isEveryName = false;
  let from = 0;
  const seen = new Set<SchemaObject>();
  const look = (schema: SchemaObject, raw: SchemaObject, where: string): void => {
    if (seen.has(raw)) return;
    seen.add(raw);
    for (const keyword of ['anyOf', 'oneOf', 'if', 'dependentSchemas', 'dependencies', 'contains']) {
      const isAside = keyword === 'contains' ? unevaluatedItems === undefined : false;
      if (schema[keyword] === undefined || isAside) continue;
      const which = unevaluatedProperties === undefined ? 'unevaluatedItems' : 'unevaluatedProperties';
      throw unsupported(
        which,
        path,
        `beside '${keyword}'`,
        'use additionalProperties: false, or items: false, in each case',
      );
    }
    for (const name of Object.keys((schema.properties ?? {}) as object)) names.add(name);
    for (const pattern of Object.keys((schema.patternProperties ?? {}) as object)) patterns.add(pattern);
    const isInner = raw !== source;
    if (schema.additionalProperties !== undefined || (isInner && schema.unevaluatedProperties !== undefined))
      isEveryName = true;
    from = Math.max(from, ((schema.prefixItems as unknown[]) ?? []).length);
    if (schema.items !== undefined || (isInner && schema.unevaluatedItems !== undefined))
      from = Number.POSITIVE_INFINITY;
    const inner = ((schema.allOf as Schema[]) ?? []).map((one, i) => at(one, where, 'allOf', i));
    if (schema.$ref !== undefined) inner.push(reader.resolve(raw, where));
    for (const one of inner) {
      if (typeof one.schema !== 'boolean') look(reader.meaning(one), one.schema, one.path);
    }
  };
  look(own, source, path);
  return {
    ...rest,
    ...(unevaluatedProperties !== undefined &&
      !isEveryName && { '~rest': { names: [...names], patterns: [...patterns], value: unevaluatedProperties } }),
    ...(unevaluatedItems !== undefined &&
      from < Number.POSITIVE_INFINITY && { '~restItems': { from, value: unevaluatedItems } }),
  };
}
