import type { Tensor } from '../torch/index.ts';
import { type Activation, activations } from './activations.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** Position-wise feed-forward network (Vaswani et al. 2017, 3.3): two linear maps with an activation between. */
export class FeedForward extends Module {
  readonly input: Linear;
  readonly output: Linear;
  readonly activation: Activation;

  constructor(hidden: number, intermediate: number, { activation = 'gelu_new' }: { activation?: Activation } = {}) {
    super();
    this.input = new Linear(hidden, intermediate);
    this.output = new Linear(intermediate, hidden);
    this.activation = activation;
  }

  /** [batch, time, hidden] → [batch, time, hidden] */
  forward(x: Tensor): Tensor {
    return this.output.forward(activations[this.activation](this.input.forward(x)));
  }
}
