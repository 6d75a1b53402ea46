/** What rows are like: how many, how long, with which labels. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { ReadRows } from '../../data/rows/read-rows.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { wayOf } from './ways.ts';

export interface Look {
  rows: number;
  /** Rows that were left out. */
  bad: number;
  /** Tokens of a row. */
  lengths: { median: number; most: number; of95: number };
  /** Tokens that the model is to read: all of nearly every row. */
  context: number;
  /** Rows that have more, and are cut. */
  cut: number;
  /** How often each label occurs, the most frequent first; numbers for a regression have none. */
  labels?: [label: string, count: number][];
  isRegression: boolean;
  /** A row has 0 or 1 for each of several labels. */
  isAnyOf: boolean;
}

/** Rows that are measured; of more, evenly chosen ones. */
const MEASURED = 5000;
/** More different numbers than that are no names of classes. */
const MOST_NUMBERED = 20;

/** @param maxPositions what the model can read */
export function look(
  kind: FileRowKind,
  data: Pick<ReadRows<FileRowKind>, 'length' | 'row' | 'bad'>,
  { tokenizer, maxPositions }: { tokenizer: Tokenizer; maxPositions: number },
): Look {
  const way = wayOf(kind);
  const count = Math.min(data.length, MEASURED);
  const lengths = Array.from({ length: count }, (_, i) => {
    return way.lengthOf(data.row(Math.floor((i * data.length) / count)), tokenizer);
  }).sort((a, b) => a - b);
  const at = (share: number): number => lengths[Math.min(count - 1, Math.floor(share * count))];
  const context = Math.min(maxPositions, Math.max(16, Math.ceil(at(0.995) / 8) * 8));
  const isAnyOf = kind === 'labelled' && Array.isArray((data.row(0) as { label?: unknown }).label);
  const outputs = isAnyOf ? (data.row(0) as { label: readonly number[] }).label.length : 0;
  const labels = way.labels && labelCounts(data, way.labels, outputs);
  const isRegression = !isAnyOf && labels !== undefined && isNumbers(labels.map(([label]) => label));
  return {
    rows: data.length,
    bad: data.bad,
    lengths: { median: at(0.5), of95: at(0.95), most: lengths[count - 1] },
    context,
    cut: Math.round((lengths.filter(length => length > context).length * data.length) / count),
    labels: isRegression ? undefined : labels,
    isRegression,
    isAnyOf,
  };
}

function labelCounts(
  data: Pick<ReadRows<FileRowKind>, 'length' | 'row'>,
  labelsOf: (row: never) => readonly (string | number)[],
  outputs: number,
): [string, number][] {
  // Of any of several labels all have an output, also one that no row has.
  const counts = new Map(Array.from({ length: outputs }, (_, i) => [String(i), 0]));
  for (let i = 0; i < data.length; i++) {
    for (const label of labelsOf(data.row(i) as never)) {
      counts.set(String(label), (counts.get(String(label)) ?? 0) + 1);
    }
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Fractions, or many different numbers: something to predict, not to choose from. */
export function isNumbers(labels: readonly string[]): boolean {
  const numbers = labels.map(label => (label.trim() === '' ? Number.NaN : Number(label)));
  if (!numbers.every(Number.isFinite)) return false;
  return labels.length > MOST_NUMBERED || numbers.some(number => !Number.isInteger(number));
}

/** Names of outputs in their order: of numbers as they count, of IOB tags `O` first. */
export function labelNames(labels: readonly [string, number][]): string[] {
  const names = labels.map(([label]) => label);
  if (names.every(name => /^\d+$/.test(name))) return names.sort((a, b) => Number(a) - Number(b));
  return names.sort((a, b) => (a === 'O' ? -1 : b === 'O' ? 1 : a < b ? -1 : 1));
}
