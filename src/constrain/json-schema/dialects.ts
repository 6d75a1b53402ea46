/** What a schema's `$schema` changes: drafts before 2019-09, and vocabularies that a metaschema leaves out (8.1.2). */
import { isObject, type Schema } from './keywords.ts';

export interface Dialect {
  /** Draft 7 or before, where what stands beside `$ref` says nothing. */
  isLegacy: boolean;
  /** Draft 2020-12 or none that is named: those before do not know `prefixItems`. */
  isNewest: boolean;
  /** Whether the keywords of the validation vocabulary say anything. */
  validates: boolean;
}

export const STANDARD: Dialect = { isLegacy: false, isNewest: true, validates: true };

/** @param documents schemas that are given beside, by their addresses: metaschemas may be among them */
export function dialectOf(schema: Schema, around: Dialect, documents: ReadonlyMap<string, Schema>): Dialect {
  const address = isObject(schema) ? schema.$schema : undefined;
  if (typeof address !== 'string') return around;
  const metaschema = documents.get(address.replace(/#$/, ''));
  const vocabulary = isObject(metaschema) ? metaschema.$vocabulary : undefined;
  return {
    isLegacy: /draft-0[3-7]/.test(address),
    isNewest: !/draft-0[3-7]|draft\/2019-09/.test(address),
    validates: !isObject(vocabulary) || Object.keys(vocabulary).some(name => name.endsWith('/vocab/validation')),
  };
}
