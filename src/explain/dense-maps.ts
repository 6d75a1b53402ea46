/** Attention weights over all pairs, also of layers that only hold a window around each token (Longformer). */
import type { Backbone, BackboneOutput } from '../models/model.ts';
import { SlidingWindowAttention } from '../nn/sliding-window-attention.ts';
import { fromTypedArray, type Tensor } from '../torch/index.ts';
import { stackOf } from './inputs.ts';

/**
 * @param output of one text
 * @param globalMask int64 [1, time]: its global tokens
 * @returns a layer each: [1, heads, time, time]
 */
export function denseMaps(
  backbone: Backbone,
  { attentions, globalAttentions }: BackboneOutput,
  globalMask: Tensor | undefined,
): Tensor[] {
  const layers = stackOf(backbone)?.layers;
  const isGlobal = globalMask?.toNumbers() ?? [];
  const globals = [...isGlobal.keys()].filter(place => isGlobal[place] === 1);
  return attentions!.map((attention, layer) =>
    layers?.[layer].attention instanceof SlidingWindowAttention
      ? unrolled(attention, globalAttentions?.[layer], globals)
      : attention,
  );
}

/**
 * @param banded [1, heads, time, globals + 2 window + 1]: on global tokens, then on the window around each token
 * @param ofGlobals [1, heads, globals, time]: what global tokens look at
 */
function unrolled(banded: Tensor, ofGlobals: Tensor | undefined, globals: readonly number[]): Tensor {
  const [, heads, time, width] = banded.shape;
  const window = (width - globals.length - 1) / 2;
  const given = banded.to('float32').toTypedArray() as Float32Array;
  const dense = new Float32Array(heads * time * time);
  for (let row = 0; row < heads * time; row++) {
    const query = row % time;
    const from = row * width;
    const to = row * time;
    for (const [g, place] of globals.entries()) dense[to + place] += given[from + g];
    for (let w = 0; w <= 2 * window; w++) {
      const key = query - window + w;
      if (key >= 0 && key < time) dense[to + key] += given[from + globals.length + w];
    }
  }
  if (ofGlobals) {
    const rows = ofGlobals.to('float32').toTypedArray() as Float32Array;
    for (let head = 0; head < heads; head++) {
      for (const [g, place] of globals.entries()) {
        const from = (head * globals.length + g) * time;
        dense.set(rows.subarray(from, from + time), (head * time + place) * time);
      }
    }
  }
  return fromTypedArray(dense, [1, heads, time, time], { copy: false });
}
