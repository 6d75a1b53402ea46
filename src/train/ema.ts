/**
 * An exponential moving average of the weights (Polyak & Juditsky 1992), which is evaluated and kept in place of the weights
 * themselves: averaging takes out what the last batches have done. The decay warms up, min(decay, (1 + t) / (10 + t)) at update t,
 * as in TensorFlow's `ExponentialMovingAverage`, so that the first weights are soon forgotten.
 */
import { dispose, keep, noGrad, scope, type Tensor } from '../torch/index.ts';
import type { NamedParameters } from './optimizers/optimizer.ts';
import { savedTensor } from './saved-tensor.ts';

export interface Ema {
  /** @param updates how many there were, the last one included */
  update(updates: number): void;
  /** Runs `body` with the averages as the weights; the weights are back when it ends, or when its promise does. */
  during<T>(body: () => T): T;
  /** The averages under the parameters' names. */
  state(): Map<string, Tensor>;
  load(state: ReadonlyMap<string, Tensor>): void;
  dispose(): void;
}

/** The decay at an update, counted from 1. */
export const decayAt = (decay: number, updates: number): number => Math.min(decay, (1 + updates) / (10 + updates));

/** @param named the parameters as they are now, which the averages begin with */
export function ema(named: NamedParameters, { decay }: { decay: number }): Ema {
  const averages = named.map(([name, parameter]) => ({
    name,
    parameter,
    average: scope(() => keep(parameter.detach().clone())),
  }));
  /** Values change places, so that whoever holds a parameter sees the other. */
  const exchange = (): void =>
    noGrad(() => {
      for (const { parameter, average } of averages) {
        scope(() => {
          const weights = parameter.detach().clone();
          parameter.copy_(average);
          average.copy_(weights);
        });
      }
    });
  return {
    update(updates) {
      const kept = decayAt(decay, updates);
      noGrad(() => {
        for (const { parameter, average } of averages) {
          scope(() => void average.mul_(kept).add_(parameter.detach(), { alpha: 1 - kept }));
        }
      });
    },
    during(body) {
      exchange();
      let isAsync = false;
      try {
        const result = body();
        if (!(result instanceof Promise)) return result;
        isAsync = true;
        return result.finally(exchange) as typeof result;
      } finally {
        if (!isAsync) exchange();
      }
    },
    state: () => new Map(averages.map(({ name, average }) => [name, average])),
    load(saved) {
      noGrad(() => {
        for (const { name, average } of averages) average.copy_(savedTensor(saved, name, average));
      });
    },
    dispose: () => dispose(averages.map(({ average }) => average)),
  };
}
