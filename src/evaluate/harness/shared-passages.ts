/**
 * Which documents belong together because they ask about the same passage: their answers are not independent, and a standard error
 * that takes them to be is too small (Miller 2024, arXiv:2411.00640).
 */
import { usageError } from '../../support/errors.ts';
import type { Doc } from './datasets.ts';

/** Fields that hold what several questions may be about, as data sets call them. */
const PASSAGES = ['passage', 'context', 'article', 'story', 'paragraph', 'dialogue', 'document'];

export interface Clusters {
  /** The field whose value documents share. */
  field: string;
  /** For each document the cluster that it belongs to. */
  of: readonly string[];
  /** How many there are. */
  count: number;
}

/**
 * @param field that says what belongs together; `none`: nothing does; default: the first field called passage, context, article, … that
 *   two documents share
 * @returns undefined where every document stands for itself
 * @throws UserError when a document has no such field
 */
export function clustersOf(docs: readonly Doc[], field?: string): Clusters | undefined {
  if (field === 'none') return undefined;
  if (field !== undefined) {
    const missing = docs.findIndex(doc => !hasField(doc, field));
    if (missing >= 0) {
      const known = Object.keys((docs[missing] as object | null) ?? {});
      throw usageError(
        'TSLM_NO_FIELD',
        `--cluster ${field}: document ${missing} has no such field`,
        `it has ${known.join(', ') || 'none'}; --cluster none takes documents for independent`,
      );
    }
    return sharing(docs, field);
  }
  for (const name of PASSAGES) {
    if (!docs.every(doc => hasField(doc, name))) continue;
    const found = sharing(docs, name);
    if (found) return found;
  }
  return undefined;
}

function sharing(docs: readonly Doc[], field: string): Clusters | undefined {
  const of = docs.map(doc => JSON.stringify((doc as Record<string, unknown>)[field]));
  const count = new Set(of).size;
  return count < docs.length ? { field, of, count } : undefined;
}

const hasField = (doc: Doc, field: string): boolean =>
  typeof doc === 'object' && doc !== null && (doc as Record<string, unknown>)[field] != null;
