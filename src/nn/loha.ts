/**
 * Low-rank Hadamard products (Hyeon-Woo et al. 2022, arXiv:2108.06098; LyCORIS): W + s · (A₁B₁) ∘ (A₂B₂), whose rank may be the
 * square of that of the factors.
 */
import { castInput } from '../torch/autocast.ts';
import type { Tensor } from '../torch/index.ts';
import type { AdaptedLayer, AdapterParameter, LayerAdapter } from './layer-adapter.ts';
import type { Linear } from './linear.ts';
import { emptyParameter, type Parameter } from './module.ts';

export class Loha implements LayerAdapter {
  /** A₁ [out, rank], B₁ [rank, in], A₂, B₂ */
  readonly factors: readonly [Parameter, Parameter, Parameter, Parameter];
  readonly scale: number;

  constructor({ inFeatures, outFeatures }: Linear, { rank, scale }: { rank: number; scale: number }) {
    const pair = (): [Parameter, Parameter] => [
      emptyParameter([outFeatures, rank]),
      emptyParameter([rank, inFeatures]),
    ];
    this.factors = [...pair(), ...pair()];
    this.scale = scale;
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const delta = castInput(this.#delta(this.factors)).to(x.dtype);
    return layer.own(x, residual).add(x.matmul(delta.t()));
  }

  #delta([a1, b1, a2, b2]: readonly Tensor[]): Tensor {
    return a1.matmul(b1).mul(a2.matmul(b2)).mul(this.scale);
  }

  merged(weight: Tensor): Tensor {
    return weight.add(this.#delta(this.factors.map(factor => factor.detach().to('float32'))));
  }

  parameters(): AdapterParameter[] {
    const names = ['hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b'];
    return this.factors.map((parameter, i) => ({ name: names[i], parameter }));
  }

  dispose(): void {
    for (const factor of this.factors) factor.dispose();
  }
}
