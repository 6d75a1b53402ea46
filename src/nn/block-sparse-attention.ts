/** Attention between blocks of positions (Zaheer et al. 2020, "Big Bird"); short texts have full attention. */
import { type Attended, Attention, type AttentionInputs, type AttentionOptions, type Heads } from './attention.ts';
import { blockSparseAttention, isBlockSparse } from './sparse/index.ts';

export interface BlockSparseKind {
  name: 'blockSparse';
  blockSize: number;
  /** Random blocks that a block sees beside its neighbours and the ends. */
  randomBlocks: number;
  /** Length that the random blocks are planned for. */
  maxPositions: number;
}

export class BlockSparseAttention extends Attention {
  readonly kind: BlockSparseKind;

  /** For encoders: as many heads of keys and values as of queries, and no order in time. */
  constructor(options: AttentionOptions, kind: BlockSparseKind) {
    super(options);
    this.kind = kind;
  }

  override needsMask(keys: number): boolean {
    return !isBlockSparse(keys, this.kind);
  }

  /** As in the original, dropout on the probabilities is for full attention alone. */
  protected override attend(heads: Heads, inputs: AttentionInputs): Attended {
    const { query, key, value } = heads;
    if (this.needsMask(key.size(2))) return super.attend(heads, inputs);
    const { attentionMask, outputAttentions, layer } = inputs;
    return blockSparseAttention(query, key, value, {
      ...this.kind,
      scale: this.scale,
      attentionMask,
      training: this.training,
      seed: layer,
      outputAttentions,
    });
  }
}
