/**
 * AdaLoRA (Zhang et al. 2023, arXiv:2303.10512) as it stands once its ranks are given: W + s · B diag(e) A, a singular value
 * decomposition whose factors are held near orthonormal by a penalty.
 */
import { castInput } from '../torch/autocast.ts';
import { eye, type Tensor } from '../torch/index.ts';
import { dropout } from '../torch/kernels.ts';
import type { AdaptedLayer, AdapterParameter, LayerAdapter } from './layer-adapter.ts';
import type { Linear } from './linear.ts';
import { emptyParameter, type Parameter } from './module.ts';

export class AdaLora implements LayerAdapter {
  /** A: [rank, in] */
  readonly down: Parameter;
  /** e: [rank, 1] */
  readonly values: Parameter;
  /** B: [out, rank] */
  readonly up: Parameter;
  readonly scale: number;
  readonly dropout: number;

  /** @param options.alpha the change counts α / (rank + 1e-5) times */
  constructor(layer: Linear, { rank, alpha, dropout = 0 }: { rank: number; alpha: number; dropout?: number }) {
    this.down = emptyParameter([rank, layer.inFeatures]);
    this.values = emptyParameter([rank, 1]);
    this.up = emptyParameter([layer.outFeatures, rank]);
    this.scale = alpha / (rank + 1e-5);
    this.dropout = dropout;
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const input = layer.training && this.dropout > 0 ? dropout(x, this.dropout) : x;
    const [down, up] = [this.down.mul(this.values), this.up].map(factor => castInput(factor).to(x.dtype));
    return layer.own(x, residual).add(input.matmul(down.t()).matmul(up.t()), { alpha: this.scale });
  }

  merged(weight: Tensor): Tensor {
    const [down, values, up] = [this.down, this.values, this.up].map(factor => factor.detach().to('float32'));
    return weight.add(up.matmul(down.mul(values)), { alpha: this.scale });
  }

  /** ‖A Aᵀ − I‖ and ‖Bᵀ B − I‖, scalars */
  penalties(): Tensor[] {
    const norm = (product: Tensor): Tensor =>
      product
        .sub(eye(product.size(0)))
        .square()
        .sum()
        .sqrt();
    return [norm(this.down.matmul(this.down.t())), norm(this.up.t().matmul(this.up))];
  }

  parameters(): AdapterParameter[] {
    return [
      { name: 'lora_A', parameter: this.down },
      { name: 'lora_E', parameter: this.values },
      { name: 'lora_B', parameter: this.up },
    ];
  }

  dispose(): void {
    for (const parameter of [this.down, this.values, this.up]) parameter.dispose();
  }
}
