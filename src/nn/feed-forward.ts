/** The feed-forward network of a block, plain or gated (Shazeer 2020). */
import { castInput } from '../torch/autocast.ts';
import type { Tensor } from '../torch/index.ts';
import { type FusedActivation, feedForward, isFused } from '../torch/products.ts';
import { type Activation, activations } from './activations.ts';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

const fusedActivations: Partial<Record<Activation, FusedActivation>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  gelu_python_tanh: 'gelu_tanh',
  silu: 'silu',
  swish: 'silu',
  relu: 'relu',
};

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

  /**
   * [batch, time, hidden] → [batch, time, hidden]
   *
   * @param residual float32, of the same shape: added to the result
   */
  forward(x: Tensor, residual?: Tensor): Tensor {
    return this.#fused(castInput(x), residual) ?? this.output.forward(this.dropout.forward(this.#inside(x)), residual);
  }

  /** All in one operator, where there is one for what the options ask. */
  #fused(x: Tensor, residual: Tensor | undefined): Tensor | undefined {
    const { input, output, options } = this;
    const activation = fusedActivations[options.activation ?? 'gelu_new'];
    // What an adapter adds comes before the activation.
    if (activation && input.isPacked && !input.adapter && options.gate !== 'fused') {
      const gate = this.gate?.forward(x);
      return output.forward(input.forwardPacked(x, { activation, gate }), residual);
    }
    const isAdapted = input.adapter || this.gate?.adapter || output.adapter;
    const isPlain = activation !== undefined && !this.dropout.isActive && !isAdapted;
    if (!isPlain || !isFused(x, [input.weight, input.bias, output.weight, output.bias])) return undefined;
    const weights = { input: input.weight, inputBias: input.bias, output: output.weight, outputBias: output.bias };
    if (!options.gate) return feedForward(x, weights, activation, residual);
    if (input.bias) return undefined;
    const [gate, values] = this.gate ? [this.gate.weight, input.weight] : input.weight.chunk(2, 0);
    return feedForward(x, { ...weights, gate, input: values }, activation, residual);
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
