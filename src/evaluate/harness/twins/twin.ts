/**
 * Twins: functions in TypeScript of the Python functions that task files of lm-evaluation-harness name with `!function`. One belongs to a Python
 * file with exactly the contents that it was written after, so that a changed function is refused and not taken for the old one.
 */
import type { Doc } from '../data-files.ts';

/** What a function stands for, by the field that names it. */
export type Twin =
  /** `process_docs` */
  | { docs: (docs: readonly Doc[]) => Doc[] }
  /** `doc_to_text`, `doc_to_target`, `doc_to_choice` */
  | { field: (doc: Doc) => unknown }
  /** `process_results`: of the answers of one document the value of each metric */
  | { results: (doc: Doc, answers: readonly unknown[]) => Record<string, unknown> }
  /** `aggregation`: one of ours, by its name */
  | { aggregation: string }
  /** `class`: the fields that say the same */
  | {
      task: Readonly<Record<string, unknown>>;
      results: (doc: Doc, answers: readonly unknown[]) => Record<string, unknown>;
    };

/** The functions of one Python file. */
export interface TwinFile {
  /** For people: where it is in lm-evaluation-harness 0.4.13. */
  file: string;
  /** Of its contents. */
  sha256: string;
  functions: Readonly<Record<string, Twin>>;
}

/** Every document with more columns, or other values of those that are there. */
export const mapDocs = (change: (doc: Doc) => Doc): Twin => ({
  docs: docs => docs.map(doc => ({ ...doc, ...change(doc) })),
});

/** @throws Error for a column that is not there or no text */
export function text(doc: unknown, name: string): string {
  const value = member(doc, name);
  if (typeof value === 'string') return value;
  throw new Error(`'${name}' is to be a text`);
}

export function texts(doc: unknown, name: string): string[] {
  const value = member(doc, name);
  if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value as string[];
  throw new Error(`'${name}' is to be a list of texts`);
}

/** Python's `int()` of it. */
export function integer(doc: unknown, name: string): number {
  const value = Number(String(member(doc, name)).trim() || Number.NaN);
  if (Number.isInteger(value)) return value;
  throw new Error(`'${name}' is to be a whole number`);
}

/** @throws Error where there is none */
export function member(doc: unknown, name: string): unknown {
  const value = typeof doc === 'object' && doc !== null ? (doc as Record<string, unknown>)[name] : undefined;
  if (value !== undefined) return value;
  throw new Error(`there is no column '${name}'`);
}

/** Log-probabilities of answers of the type `multiple_choice`. */
export const logProbs = (answers: readonly unknown[]): number[] =>
  answers.map(answer => (answer as readonly [number, boolean])[0]);

/** The number of the largest, of equal ones the first. */
export const argmax = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/** In the order of code points, as Python sorts texts. */
export function byCodePoint(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i].codePointAt(0)! - y[i].codePointAt(0)!;
  }
  return x.length - y.length;
}
