/** The types that a value may have. */
import type { JsonType } from './keywords.ts';
import type { Plain } from './together.ts';

export const OBJECT = { type: 'object' } as const;
export const NO_OBJECT = { type: ['null', 'boolean', 'number', 'string', 'array'] } as const;

/** The types that all schemas allow; `integer` where whole numbers are meant. */
export function typesOf(plain: Iterable<Plain>): Set<JsonType> {
  let types = new Set<JsonType>(['null', 'boolean', 'number', 'string', 'array', 'object']);
  let isFraction = false;
  for (const { schema } of plain) {
    isFraction ||= schema['~fraction'] === true;
    if (schema.type === undefined) continue;
    const wanted = new Set([schema.type].flat() as JsonType[]);
    const kept = [...types].flatMap((type): JsonType[] => {
      if (wanted.has(type)) return [type];
      if (type === 'number' && wanted.has('integer')) return ['integer'];
      return type === 'integer' && wanted.has('number') ? ['integer'] : [];
    });
    types = new Set(kept);
  }
  if (isFraction) types.delete('integer');
  return types;
}

export const isListed = (plain: Iterable<Plain>): boolean =>
  [...plain].some(({ schema }) => schema.enum !== undefined || Object.hasOwn(schema, 'const'));
