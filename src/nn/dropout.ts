/** Dropout. */
import type { Tensor } from '../torch/index.ts';
import { dropout } from '../torch/kernels.ts';
import { Module } from './module.ts';

/** Zeroes elements with probability `p` while training (Srivastava et al. 2014), scaling the rest by 1 / (1 − p). */
export class Dropout extends Module {
  readonly p: number;

  constructor(p: number) {
    super();
    this.p = p;
  }

  /** Whether it changes anything now. */
  get isActive(): boolean {
    return this.training && this.p > 0;
  }

  forward(x: Tensor): Tensor {
    return this.isActive ? dropout(x, this.p) : x;
  }
}
