/**
 * Whether probabilities keep what they promise: expected and largest calibration error over bins of equal width (Naeini et al.
 * 2015) or of equally many items, the table of a reliability diagram, and the temperature that mends it (Guo et al. 2017).
 */

import { partsOf } from '../../support/parts.ts';

export interface CalibrationBin {
  lo: number;
  hi: number;
  n: number;
  /** Means over the bin; absent where it is empty. */
  confidence?: number;
  accuracy?: number;
}

export interface Calibration {
  /** Σ n/N · |accuracy − confidence| */
  ece: number;
  /** The largest difference of a bin. */
  mce: number;
  /** √ Σ n/N · (accuracy − confidence)² */
  rmsce: number;
  bins: CalibrationBin[];
}

/**
 * @param confidences how probable each prediction was
 * @param right 1 where it came true, 0 where not
 */
export function calibration(
  confidences: readonly number[],
  right: readonly number[],
  { bins = 15, equalMass = false }: { bins?: number; equalMass?: boolean } = {},
): Calibration {
  const parts = equalMass ? massParts(confidences, bins) : widthParts(confidences, bins);
  const table = parts.map(({ items, ...edges }): CalibrationBin => {
    if (items.length === 0) return { ...edges, n: 0 };
    const meanOf = (values: readonly number[]): number => items.reduce((sum, i) => sum + values[i], 0) / items.length;
    return { ...edges, n: items.length, confidence: meanOf(confidences), accuracy: meanOf(right) };
  });
  const gaps = table.map(({ n, confidence = 0, accuracy = 0 }) => ({
    weight: n / confidences.length,
    gap: Math.abs(accuracy - confidence),
  }));
  return {
    ece: gaps.reduce((sum, { weight, gap }) => sum + weight * gap, 0),
    mce: Math.max(...gaps.map(({ gap }) => gap)),
    rmsce: Math.sqrt(gaps.reduce((sum, { weight, gap }) => sum + weight * gap ** 2, 0)),
    bins: table,
  };
}

interface Part {
  lo: number;
  hi: number;
  items: number[];
}

/** (lo, hi], the first with 0. */
function widthParts(confidences: readonly number[], bins: number): Part[] {
  const parts = Array.from({ length: bins }, (_, i): Part => ({ lo: i / bins, hi: (i + 1) / bins, items: [] }));
  for (const [i, confidence] of confidences.entries()) {
    parts[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))].items.push(i);
  }
  return parts;
}

/** By confidence, the first parts one larger where it does not come out even. */
function massParts(confidences: readonly number[], bins: number): Part[] {
  const order = [...confidences.keys()].sort((a, b) => confidences[a] - confidences[b]);
  const [size, larger] = [Math.floor(order.length / bins), order.length % bins];
  const lengths = Array.from({ length: bins }, (_, i) => size + (i < larger ? 1 : 0));
  return partsOf(order, lengths).map(items => ({
    lo: confidences[items[0]] ?? Number.NaN,
    hi: confidences[items.at(-1)!] ?? Number.NaN,
    items,
  }));
}

/** The most probable label of each row, and how probable it is. */
export function topOf(probabilities: readonly (readonly number[])[]): { label: number[]; confidence: number[] } {
  const label = probabilities.map(row => row.reduce((best, p, i) => (p > row[best] ? i : best), 0));
  return { label, confidence: label.map((best, i) => probabilities[i][best]) };
}

export function softmax(logits: readonly number[], temperature = 1): number[] {
  const most = Math.max(...logits);
  const exps = logits.map(value => Math.exp((value - most) / temperature));
  const total = exps.reduce((sum, value) => sum + value, 0);
  return exps.map(value => value / total);
}

/** The temperature at which the mean log-loss of the labels is least, by golden-section search over its logarithm. */
export function fitTemperature(
  logits: readonly (readonly number[])[],
  labels: readonly number[],
): { temperature: number; loss: number } {
  const lossAt = (log: number): number =>
    -logits.reduce((sum, row, i) => sum + Math.log(softmax(row, Math.exp(log))[labels[i]]), 0) / labels.length;
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(1e-2), Math.log(1e2)];
  while (high - low > 1e-8) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (lossAt(a) < lossAt(b)) high = b;
    else low = a;
  }
  const log = (low + high) / 2;
  return { temperature: Math.exp(log), loss: lossAt(log) };
}
