/**
 * Keys and values in pages by libtorch's own operators, for GPUs: pages are gathered for the sequences of a step, and what each
 * query may see is a mask. `native/kernels/paged_attention.cc` does the same on the CPU without a copy.
 */

import { isOnGpu, scaledDotProductAttention } from '../torch/gpu.ts';
import {
  arange,
  type Device,
  dispose,
  fromTypedArray,
  inferenceMode,
  int64Tensor,
  keep,
  scope,
  type Tensor,
  zeros,
} from '../torch/index.ts';
import type { PageShape } from '../torch/paged-attention.ts';
import { repeatHeads } from '../torch/repeat-heads.ts';
import type { PagedAttentionKind, PagedSequence, PageStore } from './paged-cache.ts';

/** Sequences of a step that meet their keys together: those that have one new token each, or one that has several. */
interface Group {
  /** Of the step's tokens, sequence by sequence: int64 [sequences · time] */
  rows: Tensor;
  sequences: number;
  time: number;
  /** Where in the pages the keys of each sequence are, the shorter ones filled up: int64 [sequences · keys] */
  slots: Tensor;
  keys: number;
  /** Of each query in its sequence, int64 [sequences, 1, time, 1] */
  positions: Tensor;
  /** What is added to the scores, by window: [sequences, 1 or heads, time, keys] */
  biases: Map<number, Tensor>;
}

export interface DevicePagesOptions {
  device: Device;
  /** Of each head, for attention with linear biases. */
  slopes?: readonly number[];
}

export function devicePages(layers: number, shape: PageShape, { device, slopes }: DevicePagesOptions): PageStore {
  const { pages, pageSize, kvHeads, headDim, dtype } = shape;
  // Zeros, since what nobody has written is multiplied by a weight of zero.
  const empty = (): Tensor => zeros([pages * pageSize, kvHeads, headDim], { dtype, device });
  const store = Array.from({ length: layers }, () => keep({ keys: empty(), values: empty() }));
  const slope = slopes && keep(fromTypedArray(Float32Array.from(slopes), [1, slopes.length, 1, 1]).to({ device }));
  const int64 = (values: readonly number[]): Tensor => int64Tensor(values, [values.length], { device });
  let written: Tensor | undefined;
  let groups: Group[] = [];

  const groupOf = (members: readonly (PagedSequence & { first: number })[]): Group => {
    const [{ tokens: time }] = members;
    const keys = Math.max(...members.map(({ past, tokens }) => past + tokens));
    const own = members.map(({ past }) => Array.from({ length: time }, (_, t) => past + t));
    const rows = members.flatMap(({ first }) => Array.from({ length: time }, (_, t) => first + t));
    const slots = members.flatMap(member =>
      Array.from({ length: keys }, (_, position) => (position < member.past + time ? slotOf(member, position) : 0)),
    );
    return {
      rows: int64(rows),
      sequences: members.length,
      time,
      slots: int64(slots),
      keys,
      positions: int64(own.flat()).view([members.length, 1, time, 1]),
      biases: new Map(),
    };
  };
  const slotOf = (sequence: PagedSequence, position: number): number =>
    sequence.pages[Math.floor(position / pageSize)] * pageSize + (position % pageSize);

  const biasOf = (group: Group, window: number): Tensor => {
    const known = group.biases.get(window);
    if (known) return known;
    const bias = scope(() => {
      const positions = arange(0, group.keys, { device }).view([1, 1, 1, group.keys]);
      const later = positions.gt(group.positions);
      const hidden = window > 0 ? later.logicalOr(positions.le(group.positions.sub(window))) : later;
      const start = slope ? slope.mul(positions) : zeros([1, 1, 1, 1], { device });
      return keep(start.maskedFill(hidden, Number.NEGATIVE_INFINITY).to(dtype));
    });
    group.biases.set(window, bias);
    return bias;
  };

  const attendGroup = (group: Group, layer: number, query: Tensor, kind: PagedAttentionKind): Tensor => {
    const { sequences, time, keys } = group;
    const gathered = (slots: Tensor): Tensor =>
      slots.indexSelect(0, group.slots).view([sequences, keys, kvHeads, headDim]).transpose(1, 2);
    const q = query.indexSelect(1, group.rows).view([-1, sequences, time, headDim]).transpose(0, 1);
    const { keys: k, values: v } = store[layer];
    const bias = biasOf(group, kind.window ?? 0);
    const context = attention(q, gathered(k), gathered(v), bias, kind); // [sequences, heads, time, dim]
    return context.transpose(0, 1).reshape([-1, sequences * time, headDim]);
  };

  return {
    begin(sequences) {
      let first = 0;
      const placed = sequences.map(sequence => {
        const start = first;
        first += sequence.tokens;
        return { ...sequence, first: start };
      });
      const single = placed.filter(({ tokens }) => tokens === 1);
      const several = placed.filter(({ tokens }) => tokens > 1);
      const slots = placed.flatMap(sequence =>
        Array.from({ length: sequence.tokens }, (_, t) => slotOf(sequence, sequence.past + t)),
      );
      scope(() => {
        written = keep(int64(slots));
        groups = [...(single.length > 0 ? [single] : []), ...several.map(one => [one])].map(members =>
          keep(groupOf(members)),
        );
      });
    },

    attend(layer, query, key, value, kind) {
      const place = (slots: Tensor, x: Tensor): Tensor => slots.indexCopy_(0, written!, x.select(0, 0).transpose(0, 1));
      place(store[layer].keys, key);
      place(store[layer].values, value);
      const queries = query.select(0, 0); // [heads, tokens, dim]
      if (groups.length === 1) return attendGroup(groups[0], layer, queries, kind).unsqueeze(0);
      const result = queries.clone();
      for (const group of groups) result.indexCopy_(1, group.rows, attendGroup(group, layer, queries, kind));
      return result.unsqueeze(0);
    },

    end() {
      written?.dispose();
      for (const group of groups) dispose([group, [...group.biases.values()]]);
      groups = [];
    },

    copyPage(from, to) {
      scope(() =>
        inferenceMode(() => {
          for (const { keys, values } of store) {
            for (const slots of [keys, values]) {
              slots.narrow(0, to * pageSize, pageSize).copy_(slots.narrow(0, from * pageSize, pageSize));
            }
          }
        }),
      );
    },

    dispose: () => dispose([store, slope]),
  };
}

/** softmax(scale q kᵀ + bias) v, [sequences, heads, time, dim]. */
function attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, { scale, softcap }: PagedAttentionKind): Tensor {
  if (softcap === undefined && isOnGpu(q)) return scaledDotProductAttention(q, k, v, { scale, causal: false, bias });
  const scores = q
    .matmul(repeatHeads(k, q.size(1)).transpose(-1, -2))
    .to('float32')
    .mul(scale);
  const capped = softcap === undefined ? scores : scores.div(softcap).tanh().mul(softcap);
  return capped
    .add(bias)
    .softmax(-1)
    .to(v.dtype)
    .matmul(repeatHeads(v, q.size(1)));
}
