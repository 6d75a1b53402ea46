/**
 * Attention to a window around each position and to a few global tokens (Beltagy, Peters & Cohan 2020, "Longformer"),
 * which attend with projections of their own.
 */
import { type Attended, Attention, type AttentionInputs, type AttentionOptions, type Heads } from './attention.ts';
import { Linear } from './linear.ts';
import { slidingWindowAttention } from './sparse/index.ts';

export interface SlidingWindowKind {
  name: 'slidingWindow';
  /** Positions that a token sees on each side. */
  window: number;
}

export class SlidingWindowAttention extends Attention {
  readonly globalQuery: Linear;
  readonly globalKey: Linear;
  readonly globalValue: Linear;
  readonly window: number;

  /** For encoders: as many heads of keys and values as of queries, and no order in time. */
  constructor(options: AttentionOptions, { window }: SlidingWindowKind) {
    super(options);
    this.window = window;
    const width = this.heads * this.headDim;
    this.globalQuery = new Linear(options.hidden, width);
    this.globalKey = new Linear(options.hidden, width);
    this.globalValue = new Linear(options.hidden, width);
  }

  override needsMask(): boolean {
    return false;
  }

  protected override attend({ x, query, key, value }: Heads, inputs: AttentionInputs): Attended {
    const { attentionMask, globalAttentionMask, outputAttentions } = inputs;
    const globally = (projection: Linear) => globalAttentionMask && this.split(projection.forward(x), this.heads);
    return slidingWindowAttention(query, key, value, {
      window: this.window,
      scale: this.scale,
      attentionMask,
      globalMask: globalAttentionMask,
      globalQuery: globally(this.globalQuery),
      globalKey: globally(this.globalKey),
      globalValue: globally(this.globalValue),
      dropout: probabilities => this.dropout.forward(probabilities),
      outputAttentions,
    });
  }
}
