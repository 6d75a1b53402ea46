/**
 * Bottleneck adapters (Houlsby et al. 2019, arXiv:1902.00751): a small network with a residual around it, h + W₂ f(W₁ h + b₁) + b₂,
 * on what a layer gives before it is added to the stream. Nothing can be merged: there is a nonlinearity inside.
 */
import type { Tensor } from '../torch/index.ts';
import { type Activation, activations } from './activations.ts';
import { type AdaptedLayer, type AdapterParameter, type LayerAdapter, plus } from './layer-adapter.ts';
import { Linear } from './linear.ts';

export interface BottleneckOptions {
  /** Width of the inside. */
  size: number;
  activation: Activation;
}

export class Bottleneck implements LayerAdapter {
  /** [..., out] → [..., size] */
  readonly down: Linear;
  /** [..., size] → [..., out] */
  readonly up: Linear;
  readonly activation: Activation;

  constructor(layer: Linear, { size, activation }: BottleneckOptions) {
    this.down = new Linear(layer.outFeatures, size);
    this.up = new Linear(size, layer.outFeatures);
    this.activation = activation;
  }

  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor {
    const h = layer.own(x);
    const inside = activations[this.activation](this.down.forward(h));
    return plus(h.add(this.up.forward(inside)), residual);
  }

  parameters(): AdapterParameter[] {
    return [
      { name: 'adapter_down.weight', parameter: this.down.weight },
      { name: 'adapter_down.bias', parameter: this.down.bias! },
      { name: 'adapter_up.weight', parameter: this.up.weight },
      { name: 'adapter_up.bias', parameter: this.up.bias! },
    ];
  }

  dispose(): void {
    this.down.dispose();
    this.up.dispose();
  }
}
