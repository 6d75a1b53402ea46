/** What an optimizer remembers of each parameter, under PyTorch's names: `<parameter>.momentum_buffer`. */
import { dispose, keep, scope, type Tensor } from '../../torch/index.ts';
import type { NamedParameters } from './optimizer.ts';

export class OptimizerState {
  readonly #tensors = new Map<string, Tensor>();

  /** What is kept of `parameter` as `key`; `begin` makes it the first time, so that what never learns costs nothing. */
  of(parameter: string, key: string, begin: () => Tensor): Tensor {
    const name = `${parameter}.${key}`;
    let tensor = this.#tensors.get(name);
    if (!tensor) {
      tensor = scope(() => keep(begin()));
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }

  tensors(): Map<string, Tensor> {
    return new Map(this.#tensors);
  }

  /** Takes a copy of what was kept of `named` under `keys`, in place of everything here. */
  load(saved: ReadonlyMap<string, Tensor>, named: NamedParameters, keys: readonly string[]): void {
    const copies = scope(() =>
      named.flatMap(([parameter, { device }]) =>
        keys.flatMap(key => {
          const tensor = saved.get(`${parameter}.${key}`);
          return tensor ? [[`${parameter}.${key}`, keep(tensor.to({ device, copy: true }))] as const] : [];
        }),
      ),
    );
    this.dispose();
    for (const [name, tensor] of copies) this.#tensors.set(name, tensor);
  }

  dispose(): void {
    dispose([...this.#tensors.values()]);
    this.#tensors.clear();
  }
}
