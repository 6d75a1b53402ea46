/** Rows of several files as one data set: how often each is seen, and which are held out. */
import { createHash } from 'node:crypto';
import type { FileRowKind } from '../data/rows/columns.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import type { ReadRows } from '../data/rows/read-rows.ts';
import { usageError } from '../support/errors.ts';
import { createRandom } from '../support/random.ts';

// biome-ignore lint/suspicious/noExplicitAny: rows of the objective's kind
export type FileRows = Dataset<any> & { readonly bad?: number; readonly found?: ReadRows<FileRowKind>['found'] };

interface Mixture {
  rows: FileRows;
  /** How often a row is seen in an epoch. */
  weightOf(index: number): number;
  bad: number;
  found: ReadRows<FileRowKind>['found'];
}

const placeOf = ({ place }: FileRows, index: number): string => place?.(index) ?? `row ${index + 1}`;

/** The rows of all sources one after another. Sources without a weight are read together, as one. */
export async function readMixture(
  sources: readonly { path: string; weight: number }[],
  read: (paths: readonly string[]) => Promise<FileRows>,
): Promise<Mixture> {
  const isEven = sources.every(({ weight }) => weight === 1);
  const groups = isEven
    ? [{ paths: sources.map(({ path }) => path), weight: 1 }]
    : sources.map(({ path, weight }) => ({ paths: [path], weight }));
  const parts: { weight: number; first: number; rows: FileRows }[] = [];
  for (const { paths, weight } of groups) parts.push({ weight, first: 0, rows: await read(paths) });
  let length = 0;
  for (const part of parts) {
    part.first = length;
    length += part.rows.length;
  }
  const partOf = (index: number) => parts.findLast(({ first }) => first <= index)!;
  return {
    rows: {
      length,
      row: index => partOf(index).rows.row(index - partOf(index).first),
      place: index => placeOf(partOf(index).rows, index - partOf(index).first),
      fingerprint: isEven ? parts[0].rows.fingerprint : sha256(parts.map(({ rows }) => rows.fingerprint).join('\n')),
    },
    weightOf: index => partOf(index).weight,
    bad: parts.reduce((sum, { rows }) => sum + (rows.bad ?? 0), 0),
    found: parts.flatMap(({ rows }) => rows.found ?? []),
  };
}

/** Row numbers as often as they are seen: of a weight of 2.5 twice, and half of them once more. */
export function weighted(numbers: Uint32Array, weightOf: (index: number) => number, seed: number): Uint32Array {
  const seen: number[] = [];
  const owed = new Map<number, number>();
  for (const index of createRandom(seed).shuffle(Uint32Array.from(numbers))) {
    const weight = weightOf(index);
    // What is left of earlier rows of the same weight adds up, so that the share is exact.
    const due = (owed.get(weight) ?? 0) + weight;
    const times = Math.floor(due + 1e-9);
    owed.set(weight, due - times);
    for (let i = 0; i < times; i++) seen.push(index);
  }
  return Uint32Array.from(seen).sort();
}

export const picked = (rows: FileRows, numbers: ArrayLike<number>): FileRows => ({
  length: numbers.length,
  row: index => rows.row(numbers[index]),
  place: index => placeOf(rows, numbers[index]),
  fingerprint: rows.fingerprint,
});

/** Some rows, drawn by the seed, are held out. */
export function divided(numbers: Uint32Array, share: number, seed: number): [Uint32Array, Uint32Array] {
  const order = createRandom(seed).shuffle(Uint32Array.from(numbers));
  const count = Math.round(numbers.length * share);
  if (count < 1 || count >= numbers.length) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `data.validation: ${share} of ${numbers.length} rows are ${count}`,
      'give a file of rows to evaluate on, or another share',
    );
  }
  return [order.slice(count).sort(), order.slice(0, count).sort()];
}

export const evenly = (rows: FileRows, count: number): FileRows =>
  picked(
    rows,
    Array.from({ length: count }, (_, i) => Math.floor((i * rows.length) / count)),
  );

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
