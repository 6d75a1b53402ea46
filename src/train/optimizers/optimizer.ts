/** What training asks of an optimizer, whatever its rule. */
import type { Parameter } from '../../nn/index.ts';
import type { Tensor } from '../../torch/index.ts';

/** Parameters with their names, as `Module.namedParameters` lists them. */
export type NamedParameters = readonly (readonly [name: string, parameter: Parameter])[];

export interface Optimizer {
  /**
   * One update from the parameters' gradients.
   *
   * @param gradScale the gradients count times this; default 1
   */
  step(lr: number, gradScale?: number): void;
  /** The state under names that `load` understands. */
  state(): Map<string, Tensor>;
  load(state: ReadonlyMap<string, Tensor>, steps: number): void;
  dispose(): void;
}

/** Whether weight decay is for this parameter: matrices, and not what is added to scores and states as a bias is. */
export const decays = (name: string, { dim }: Parameter): boolean => dim >= 2 && !/bias/i.test(name);
