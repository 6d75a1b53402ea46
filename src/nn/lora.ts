/**
 * Low-rank adaptation (Hu et al. 2021): a layer's weight W becomes W + s·BA, whose factors have a small rank between them.
 * They stay apart from W, so that one model serves with many of them.
 */
import { dropout, noGrad, scope, type Tensor } from '../torch/index.ts';
import { Embedding } from './embedding.ts';
import { Linear } from './linear.ts';
import type { Parameter } from './module.ts';

export interface LoraOptions {
  rank: number;
  /** s */
  scale: number;
  /** On the input of A while the layer trains; a table's ids have none. Default 0. */
  dropout?: number;
}

/** What is added to a layer's result. No module: the parameters are not the layer's own. */
export class Lora {
  /** A: [..., in] → [..., rank]; of a table the rows of Aᵀ: ids → [..., rank] */
  readonly down: Linear | Embedding;
  /** B: [..., rank] → [..., out] */
  readonly up: Linear;
  readonly scale: number;
  readonly dropout: number;
  /** What of s is not in B. */
  #factor: number;

  constructor(layer: Linear | Embedding, { rank, scale, dropout = 0 }: LoraOptions) {
    const [out, count] = layer.weight.shape;
    const isTable = layer instanceof Embedding;
    this.down = isTable ? new Embedding(out, rank) : new Linear(count, rank, { bias: false });
    this.up = new Linear(rank, isTable ? count : out, { bias: false });
    this.scale = scale;
    this.#factor = scale;
    this.dropout = isTable ? 0 : dropout;
  }

  /**
   * y + s·BA x
   *
   * @param y the layer's own result
   * @param x what it was made from
   */
  addTo(y: Tensor, x: Tensor, { training }: { training: boolean }): Tensor {
    const input = training && this.dropout > 0 ? dropout(x, this.dropout, true) : x;
    return y.add(this.up.forward(this.down.forward(input)), { alpha: this.#factor });
  }

  /** s·BA in float32, of the shape of the layer's weight. */
  delta(): Tensor {
    const [a, b] = [this.down, this.up].map(({ weight }) => weight.detach().to('float32'));
    return (this.down instanceof Embedding ? a.matmul(b.t()) : b.matmul(a)).mul(this.scale);
  }

  parameters(): Parameter[] {
    return [this.down.weight, this.up.weight];
  }

  /** Lays both factors of a linear map out for products alone, as its weight is (`Linear.pack`). */
  pack(): void {
    // A sum without a factor has the same bits wherever in memory a row lies.
    scope(() => noGrad(() => this.up.weight.mul_(this.scale)));
    this.#factor = 1;
    for (const factor of [this.down, this.up]) scope(() => factor.pack());
  }

  dispose(): void {
    this.down.dispose();
    this.up.dispose();
  }
}
