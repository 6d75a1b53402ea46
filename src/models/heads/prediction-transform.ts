/** What hidden states go through before a head scores them: a dense layer, an activation and a norm (Warner et al. 2024). */
import {
  type Activation,
  activations,
  createNorm,
  Linear,
  Module,
  type Norm,
  type NormOptions,
} from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';

export interface PredictionTransformOptions {
  /** Of the dense layer. Default true. */
  bias?: boolean;
  activation: Activation;
  norm: NormOptions;
}

export class PredictionTransform extends Module {
  readonly dense: Linear;
  readonly norm: Norm;
  readonly activation: Activation;

  constructor(hidden: number, { bias = true, activation, norm }: PredictionTransformOptions) {
    super();
    this.dense = new Linear(hidden, hidden, { bias });
    this.norm = createNorm(hidden, norm);
    this.activation = activation;
  }

  /** [..., hidden] → [..., hidden] */
  forward(x: Tensor): Tensor {
    return this.norm.forward(activations[this.activation](this.dense.forward(x)));
  }
}
