import type { Tensor } from '../torch/index.ts';
import { type Activation, activations } from './activations.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

export interface FeedForwardOptions {
  hidden: number;
  intermediate: number;
  /** Default `gelu_new`. */
  activation?: Activation;
  /** Default true. */
  bias?: boolean;
  /**
   * The activation of one product gates another (Shazeer 2020): `separate` matrices, or `fused`, one matrix whose first
   * half is the gate. Default: no gate.
   */
  gate?: 'separate' | 'fused';
  /** Between the two products. Default 0. */
  dropout?: number;
}

/** Position-wise feed-forward network (Vaswani et al. 2017, 3.3): two linear maps with an activation between. */
export class FeedForward extends Module {
  readonly gate: Linear | undefined;
  readonly input: Linear;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly options: FeedForwardOptions;

  constructor(options: FeedForwardOptions) {
    super();
    const { hidden, intermediate, bias = true, gate, dropout = 0 } = options;
    this.options = options;
    this.gate = gate === 'separate' ? new Linear(hidden, intermediate, { bias }) : undefined;
    this.input = new Linear(hidden, gate === 'fused' ? 2 * intermediate : intermediate, { bias });
    this.output = new Linear(intermediate, hidden, { bias });
    this.dropout = new Dropout(dropout);
  }

  /** [batch, time, hidden] → [batch, time, hidden] */
  forward(x: Tensor): Tensor {
    return this.output.forward(this.dropout.forward(this.#inside(x)));
  }

  /** [batch, time, intermediate] */
  #inside(x: Tensor): Tensor {
    const { activation = 'gelu_new', gate } = this.options;
    const activate = activations[activation];
    if (this.gate) return activate(this.gate.forward(x)).mul(this.input.forward(x));
    if (!gate) return activate(this.input.forward(x));
    const [opened, values] = this.input.forward(x).chunk(2, -1);
    return activate(opened).mul(values);
  }
}
