/**
 * Low-rank adaptation (Hu et al. 2021): a layer's weight W becomes W + s·BA, whose factors have a small rank between them.
 * They stay apart from W, so that one model serves with many of them.
 */
import { castInput } from '../torch/autocast.ts';
import { cat, keep, noGrad, scope, type Tensor } from '../torch/index.ts';
import { dropout } from '../torch/kernels.ts';
import { Embedding } from './embedding.ts';
import type { AdaptedLayer, AdapterParameter, LayerAdapter } from './layer-adapter.ts';
import { Linear } from './linear.ts';

export interface LoraOptions {
  rank: number;
  /** s */
  scale: number;
  /** On the input of A while the layer trains; a table's ids have none. Default 0. */
  dropout?: number;
  /** B's map has a bias. Default false. */
  bias?: boolean;
}

export class Lora implements LayerAdapter {
  /** A: [..., in] → [..., rank]; of a table the rows of Aᵀ: ids → [..., rank] */
  readonly down: Linear | Embedding;
  /** B: [..., rank] → [..., out] */
  readonly up: Linear;
  readonly scale: number;
  readonly dropout: number;
  /** What of s is not in B. */
  #factor: number;
  /** A₀ and B₀, where the factors began as a part of W (`startWithin`). */
  #start: { down: Tensor; up: Tensor } | undefined;

  constructor(layer: Linear | Embedding, { rank, scale, dropout = 0, bias = false }: LoraOptions) {
    const [out, count] = layer.weight.shape;
    const isTable = layer instanceof Embedding;
    this.down = isTable ? new Embedding(out, rank) : new Linear(count, rank, { bias: false });
    this.up = new Linear(rank, isTable ? count : out, { bias });
    this.scale = scale;
    this.#factor = scale;
    this.dropout = isTable ? 0 : dropout;
  }

  /**
   * The factors as they are were taken out of W, as PiSSA does: only how they differ from now on counts, W + s·(BA − B₀A₀),
   * so that W itself need not change.
   */
  startWithin(): void {
    this.#start = keep({ down: this.down.weight.detach().clone(), up: this.up.weight.detach().clone() });
  }

  /** Whether `parameters` are to be saved as factors of twice the rank: [A; A₀] and [B, −B₀]. */
  get hasStart(): boolean {
    return this.#start !== undefined;
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const y = layer.own(x, residual);
    return y.add(this.product(x, layer), { alpha: this.#factor });
  }

  /** What `product` still has to be multiplied by. */
  get factor(): number {
    return this.#factor;
  }

  /** BA x, of [..., in] or ids; s is `factor`. */
  product(x: Tensor, { training }: { training: boolean }): Tensor {
    const input = training && this.dropout > 0 ? dropout(x, this.dropout) : x;
    if (!this.#start) return this.up.forward(this.down.forward(input));
    // One pair of products for both pairs of factors.
    const { down, up } = this.doubled();
    return castInput(input).matmul(castInput(down).t()).matmul(castInput(up).t());
  }

  /** [A; A₀] and [B, −B₀], of twice the rank. */
  doubled(): { down: Tensor; up: Tensor } {
    const { down, up } = this.#start!;
    return { down: cat([this.down.weight, down], 0), up: cat([this.up.weight, up.neg()], 1) };
  }

  /** Puts back what `doubled` has put together. */
  setDoubled(down: Tensor, up: Tensor): void {
    scope(() =>
      noGrad(() => {
        for (const [whole, axis, own, start] of [
          [down, 0, this.down.weight, this.#start!.down],
          [up, 1, this.up.weight, this.#start!.up],
        ] as const) {
          const [now, before] = whole.chunk(2, axis);
          own.copy_(now);
          start.copy_(axis === 0 ? before : before.neg());
        }
      }),
    );
  }

  /** s·BA in float32, of the shape of the layer's weight. */
  delta(): Tensor {
    const { down, up } = this.#start ? this.doubled() : { down: this.down.weight, up: this.up.weight };
    const [a, b] = [down, up].map(weight => weight.detach().to('float32'));
    return (this.down instanceof Embedding ? a.matmul(b.t()) : b.matmul(a)).mul(this.scale);
  }

  merged(weight: Tensor): Tensor {
    return weight.add(this.delta());
  }

  mergedBias(bias: Tensor): Tensor {
    return this.up.bias ? bias.add(this.up.bias.detach().to('float32'), { alpha: this.scale }) : bias;
  }

  parameters(): AdapterParameter[] {
    const isTable = this.down instanceof Embedding;
    const [a, b] = isTable ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
    return [
      { name: a, parameter: this.down.weight, transpose: isTable },
      { name: b, parameter: this.up.weight },
      ...(this.up.bias ? [{ name: 'lora_B.bias', parameter: this.up.bias }] : []),
    ];
  }

  /** Lays both factors of a linear map out for products alone, as its weight is (`Linear.pack`). */
  pack(): void {
    // A sum without a factor has the same bits wherever in memory a row lies.
    scope(() =>
      noGrad(() => {
        this.up.weight.mul_(this.scale);
        this.up.bias?.mul_(this.scale);
      }),
    );
    this.#factor = 1;
    for (const factor of [this.down, this.up]) if (factor.weight.dtype === 'bfloat16') scope(() => factor.pack());
  }

  dispose(): void {
    this.down.dispose();
    this.up.dispose();
    this.#start?.down.dispose();
    this.#start?.up.dispose();
  }
}
