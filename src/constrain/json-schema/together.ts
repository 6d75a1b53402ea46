/** What several schemas say together, as data: plain schemas that hold at once, and groups of which one alternative holds. */
import type { SchemaObject } from './keywords.ts';
import type { Located } from './references.ts';

/** A schema's own keywords, without those that join it with others. */
export interface Plain {
  schema: SchemaObject;
  path: string;
}

export type Alternatives = readonly (readonly Located[])[];

/** One of these holds. */
export interface Group {
  /** The same group wherever it is met. */
  key: string;
  keyword: string;
  path: string;
  /** Each a list of schemas that hold together. Undefined while they are being told apart, which may lead back here. */
  alternatives(): Alternatives | undefined;
  /** Schemas that lead here without a value between: an alternative that leads back to one of them says nothing. */
  within: readonly string[];
}

/** What must hold together. */
export interface Together {
  plain: ReadonlyMap<string, Plain>;
  groups: ReadonlyMap<string, Group>;
}

export const NOTHING_SAID: Together = { plain: new Map(), groups: new Map() };
export const plainOf = (all: Together): Plain[] => [...all.plain.values()];

export interface Reader {
  /** A number for each schema; equal ones have the same. */
  idOf(schema: SchemaObject): number;
  /** What a schema's own keywords mean. */
  meaning(located: Located): SchemaObject;
  /**
   * Adds schemas to what holds already; `within` are the schemas that lead to them. Undefined where nothing can follow
   * them all.
   */
  together(schemas: readonly Located[], before?: Together, within?: readonly string[]): Together | undefined;
  resolve(from: SchemaObject, path: string): Located;
}

const made = new WeakSet<SchemaObject>();

/** A schema of our own making, whose keywords may be ours too. */
export function make(schema: SchemaObject): SchemaObject {
  made.add(schema);
  return schema;
}
export const isMade = (schema: SchemaObject): boolean => made.has(schema);
