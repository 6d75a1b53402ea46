/**
 * (IA)³ (Liu et al. 2022, arXiv:2205.05638): keys, values and the inside of feed-forward networks are rescaled by one learnt
 * factor each, which costs next to nothing and can be merged.
 */
import type { Tensor } from '../torch/index.ts';
import { type AdaptedLayer, type AdapterParameter, type LayerAdapter, plus } from './layer-adapter.ts';
import type { Linear } from './linear.ts';
import { emptyParameter, type Parameter } from './module.ts';

export class Ia3 implements LayerAdapter {
  /** l: of what goes in [1, in], or of what comes out [out, 1] */
  readonly factors: Parameter;
  readonly isOnInput: boolean;

  constructor(layer: Linear, { isOnInput }: { isOnInput: boolean }) {
    this.isOnInput = isOnInput;
    this.factors = emptyParameter(isOnInput ? [1, layer.inFeatures] : [layer.outFeatures, 1]);
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const factors = this.factors.flatten().to(x.dtype);
    if (this.isOnInput) return layer.own(x.mul(factors), residual);
    const y = layer.own(x);
    return plus(y.mul(factors), residual);
  }

  merged(weight: Tensor): Tensor {
    return weight.mul(this.factors.detach().to('float32'));
  }

  mergedBias(bias: Tensor): Tensor {
    return this.isOnInput ? bias : bias.mul(this.factors.detach().to('float32').flatten());
  }

  parameters(): AdapterParameter[] {
    return [{ name: 'ia3_l', parameter: this.factors }];
  }

  dispose(): void {
    this.factors.dispose();
  }
}
