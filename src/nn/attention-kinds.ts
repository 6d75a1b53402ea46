/** The kinds of attention of a sequence to itself: every query with every key, or one whose cost grows with time alone. */
import { Attention, type AttentionOptions } from './attention.ts';
import { BlockSparseAttention, type BlockSparseKind } from './block-sparse-attention.ts';
import { PerformerAttention, type PerformerKind } from './performer-attention.ts';
import { SlidingWindowAttention, type SlidingWindowKind } from './sliding-window-attention.ts';

/** A kind of attention with its options; full attention has none. */
export type AttentionKind = SlidingWindowKind | BlockSparseKind | PerformerKind;

/** The attention that `options.kind` names; full attention without one. */
export function createAttention(options: AttentionOptions): Attention {
  const { kind } = options;
  switch (kind?.name) {
    case undefined:
      return new Attention(options);
    case 'slidingWindow':
      return new SlidingWindowAttention(options, kind);
    case 'blockSparse':
      return new BlockSparseAttention(options, kind);
    case 'performer':
      return new PerformerAttention(options, kind);
  }
}
