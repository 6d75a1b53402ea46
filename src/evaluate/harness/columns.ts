/** Rows with the same columns and types, as the library `datasets` makes of rows that differ. */
import { Float } from '../../support/jinja/python/from-js.ts';

/** What is known of a column. */
type Shape =
  | { kind: 'struct'; fields: Map<string, Shape> }
  | { kind: 'list'; item: Shape }
  | { kind: 'scalar'; isFloat: boolean };

/** A key that a row lacks is null, at any depth, and whole numbers become floats where another row has a float. */
export function unified(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const shape = rows.reduce<Shape | undefined>((known, row) => merged(known, shapeOf(row)), undefined);
  return shape ? rows.map(row => cast(row, shape) as Record<string, unknown>) : [];
}

function shapeOf(value: unknown): Shape | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) {
    const item = value.reduce<Shape | undefined>((known, one) => merged(known, shapeOf(one)), undefined);
    return { kind: 'list', item: item ?? { kind: 'scalar', isFloat: false } };
  }
  if (value instanceof Float || typeof value !== 'object') return { kind: 'scalar', isFloat: isFloat(value) };
  const fields = Object.entries(value).map(([key, item]) => [key, shapeOf(item) ?? NOTHING] as const);
  return { kind: 'struct', fields: new Map(fields) };
}

const NOTHING: Shape = { kind: 'scalar', isFloat: false };

const isFloat = (value: unknown): boolean =>
  value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));

function merged(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || a === NOTHING) return b ?? a;
  if (!b || b === NOTHING) return a;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', item: merged(a.item, b.item)! };
  if (a.kind === 'struct' && b.kind === 'struct') {
    const fields = new Map(a.fields);
    for (const [key, shape] of b.fields) fields.set(key, merged(fields.get(key), shape)!);
    return { kind: 'struct', fields };
  }
  if (a.kind === 'scalar' && b.kind === 'scalar') return a.isFloat ? a : b;
  return a;
}

function cast(value: unknown, shape: Shape): unknown {
  if (value === null || value === undefined) return null;
  if (shape.kind === 'list' && Array.isArray(value)) return value.map(item => cast(item, shape.item));
  if (shape.kind === 'struct' && typeof value === 'object') {
    const own = value as Record<string, unknown>;
    return Object.fromEntries(Array.from(shape.fields, ([key, field]) => [key, cast(own[key], field)]));
  }
  if (shape.kind === 'scalar' && shape.isFloat && typeof value === 'number' && Number.isInteger(value))
    return new Float(value);
  return value;
}
