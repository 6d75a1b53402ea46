/**
 * Weight-decomposed low-rank adaptation (Liu et al. 2024, arXiv:2402.09353): direction and length of each row of the weight are
 * learnt apart, W' = m · (W + s·BA) / ‖W + s·BA‖. As in the paper (4.3) no gradient goes through the norm.
 */
import { keep, noGrad, scope, type Tensor } from '../torch/index.ts';
import { dropout } from '../torch/kernels.ts';
import { type AdaptedLayer, type AdapterParameter, type LayerAdapter, plus } from './layer-adapter.ts';
import type { Linear } from './linear.ts';
import { Lora, type LoraOptions } from './lora.ts';
import { emptyParameter, type Parameter } from './module.ts';
import { rowSquares, timesWeight } from './row-norms.ts';

export class Dora implements LayerAdapter {
  readonly lora: Lora;
  /** m: [out] */
  readonly magnitude: Parameter;
  /** ‖w‖² of each row of the layer's own weight, float32 [out] */
  #squares: Tensor | undefined;
  /** m / ‖W + s·BA‖ of a layer that is packed. */
  #ratio: Tensor | undefined;

  constructor(layer: Linear, options: LoraOptions) {
    this.lora = new Lora(layer, options);
    this.magnitude = emptyParameter([layer.outFeatures]);
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const { lora } = this;
    const ratio = (this.#ratio ?? this.magnitude.div(this.norms(layer))).to(x.dtype); // [out]
    const bare = layer.bias ? layer.own(x).sub(layer.bias.to(x.dtype)) : layer.own(x);
    if (layer.training && lora.dropout > 0) {
      // Dropout is on what the adapter changes, and not on the layer's own result.
      const input = dropout(x, lora.dropout);
      const dropped = layer.bias ? layer.own(input).sub(layer.bias.to(x.dtype)) : layer.own(input);
      const low = lora.up.forward(lora.down.forward(input)).mul(ratio).mul(lora.factor);
      const y = bare.add(dropped.mul(ratio.sub(1))).add(low);
      return plus(layer.bias ? y.add(layer.bias.to(y.dtype)) : y, residual);
    }
    const y = bare.add(lora.product(x, layer), { alpha: lora.factor }).mul(ratio);
    return plus(layer.bias ? y.add(layer.bias.to(y.dtype)) : y, residual);
  }

  /** ‖W + s·BA‖ of each row, float32 [out], without that matrix: ‖w‖² + 2s b·(A w) + s² b·(A Aᵀ) b */
  norms(layer: AdaptedLayer): Tensor {
    this.#squares ??= keep(scope(() => noGrad(() => rowSquares(layer))));
    return noGrad(() => {
      const [a, b] = [this.lora.down, this.lora.up].map(({ weight }) => weight.detach().to('float32'));
      const { scale } = this.lora;
      const cross = timesWeight(a, layer).t().mul(b).sum([1]); // [out]
      const own = b.matmul(a.matmul(a.t())).mul(b).sum([1]);
      return this.#squares!.add(cross, { alpha: 2 * scale })
        .add(own, { alpha: scale * scale })
        .sqrt();
    });
  }

  merged(weight: Tensor): Tensor {
    const sum = this.lora.merged(weight);
    const norms = sum.vectorNorm([1], { keepdim: true });
    return sum.mul(this.magnitude.detach().to('float32').unsqueeze(1).div(norms));
  }

  parameters(): AdapterParameter[] {
    return [...this.lora.parameters(), { name: 'lora_magnitude_vector', parameter: this.magnitude }];
  }

  pack(layer: AdaptedLayer): void {
    this.#ratio = keep(scope(() => noGrad(() => this.magnitude.detach().to('float32').div(this.norms(layer)))));
    this.lora.pack();
  }

  dispose(): void {
    this.lora.dispose();
    this.magnitude.dispose();
    this.#squares?.dispose();
    this.#ratio?.dispose();
  }
}
