/** One head of attention maps, as numbers and as pixels. */
import type { AttentionMaps } from '../../../src/engine/protocol.ts';

export type AttentionMap = AttentionMaps['maps'][number];

/** Weights of a head, [queries, keys]. */
export function headOf({ heads, queries, keys, weights }: AttentionMap, layer: number, head: number): Float32Array {
  const size = queries.length * keys.length;
  const start = (layer * heads + head) * size;
  return weights.subarray(start, start + size);
}

/** From whom a query looks, weights of its row. */
export const rowOf = (head: Float32Array, keys: number, query: number): Float32Array =>
  head.subarray(query * keys, (query + 1) * keys);

/** Whether a label that stands on end reads from top to bottom, as Chinese, Japanese and Korean do. */
export const isUpright = (label: string): boolean =>
  /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}]/u.test(label) && !/[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}]/u.test(label);

export type Rgb = readonly [red: number, green: number, blue: number];

/** `rgb(11, 98, 168)` or `color(srgb 0.1 0.2 0.3)` as three bytes. */
export function parseColor(css: string): Rgb {
  const numbers = (css.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  const scale = css.startsWith('color(') ? 255 : 1;
  return [numbers[0] * scale, numbers[1] * scale, numbers[2] * scale];
}

/** Pixels of a matrix of weights, transparent for 0. The root brings out what is small, as most weights are. */
export function pixelsOf(weights: Float32Array, [red, green, blue]: Rgb): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * weights.length);
  for (const [i, weight] of weights.entries()) pixels.set([red, green, blue, 255 * Math.sqrt(weight)], 4 * i);
  return pixels;
}
