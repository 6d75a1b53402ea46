/**
 * Vector-based random matrix adaptation (Kopiczko et al. 2024, arXiv:2310.11454): all layers share one pair of frozen random
 * matrices, and each learns only how much of every direction it takes, W + diag(b) B diag(d) A.
 */
import { castInput } from '../torch/autocast.ts';
import type { Tensor } from '../torch/index.ts';
import { dropout } from '../torch/kernels.ts';
import type { AdaptedLayer, AdapterParameter, LayerAdapter } from './layer-adapter.ts';
import type { Linear } from './linear.ts';
import { emptyParameter, type Parameter } from './module.ts';

/** What the layers share: A [rank, widest in] and B [widest out, rank]; each uses the first columns and rows. */
export interface VeraProjections {
  down: Parameter;
  up: Parameter;
}

export class Vera implements LayerAdapter {
  /** d: [rank] */
  readonly inner: Parameter;
  /** b: [out] */
  readonly outer: Parameter;
  readonly dropout: number;
  readonly #shared: VeraProjections;
  readonly #size: readonly [out: number, width: number];

  constructor(layer: Linear, shared: VeraProjections, { dropout = 0 }: { dropout?: number } = {}) {
    this.#shared = shared;
    this.#size = [layer.outFeatures, layer.inFeatures];
    this.inner = emptyParameter([shared.down.size(0)]);
    this.outer = emptyParameter([layer.outFeatures]);
    this.dropout = dropout;
  }

  /** This layer's part of what all share. */
  #projections(): [down: Tensor, up: Tensor] {
    const [out, width] = this.#size;
    return [this.#shared.down.detach().narrow(1, 0, width), this.#shared.up.detach().narrow(0, 0, out)];
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const [down, up] = this.#projections().map(factor => castInput(factor).to(x.dtype));
    const input = layer.training && this.dropout > 0 ? dropout(x, this.dropout) : x;
    const inside = input.matmul(down.t()).mul(this.inner.to(x.dtype));
    return layer.own(x, residual).add(inside.matmul(up.t()).mul(this.outer.to(x.dtype)));
  }

  merged(weight: Tensor): Tensor {
    const [down, up] = this.#projections().map(factor => factor.to('float32'));
    const [inner, outer] = [this.inner, this.outer].map(vector => vector.detach().to('float32').unsqueeze(1));
    return weight.add(up.mul(outer).matmul(down.mul(inner)));
  }

  parameters(): AdapterParameter[] {
    return [
      { name: 'vera_lambda_b', parameter: this.outer },
      { name: 'vera_lambda_d', parameter: this.inner },
    ];
  }

  dispose(): void {
    this.inner.dispose();
    this.outer.dispose();
  }
}
