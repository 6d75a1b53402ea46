/**
 * Weights between the champion's and those that an update ended with (WiSE-FT, Wortsman et al. 2022, arXiv:2109.01903): as much of an
 * update as leaves what the model knew before. What people ask for grows about as the share does and what is forgotten as its square,
 * so that half of an update costs a quarter.
 */

import { mean } from '../../evaluate/statistics/means.ts';
import { dispose, keep, noGrad, scope, type Tensor } from '../../torch/index.ts';
import type { Trainable } from '../../train/trainable.ts';
import { figureOf } from '../gate/compare.ts';

export interface Interpolation {
  /** Of the update that is kept: 1 all of it. */
  share: number;
  /** By how much the loss on text from before rises with it, as a share of what it was. */
  rise: number;
}

/** Bisections: shares are found to a thirty-second. */
const HALVINGS = 5;

export type Snapshot = Map<string, Tensor>;

/** Copies of all that is trained, by name; to be given to `disposeSnapshot`. */
export const snapshotOf = (trainable: Trainable): Snapshot =>
  new Map(
    trainable
      .namedParameters()
      .map(([name, parameter]) => [name, scope(() => noGrad(() => keep(parameter.detach().clone())))]),
  );

export const disposeSnapshot = (snapshot: Snapshot): void => {
  for (const tensor of snapshot.values()) dispose(tensor);
};

/**
 * Leaves in `trainable` the largest share of its change since `start` with which the losses rise by no more than half of what is left of
 * the margin above those of the model itself, and surely (95 %) by no more than the margin above those at `start`: the gate asks the same
 * of other text.
 *
 * @param losses of the model as it is, one for each example of text from before
 * @param margin share of the mean loss
 * @param base losses of the model itself; default those at `start`
 */
export function interpolate(
  trainable: Trainable,
  start: Snapshot,
  losses: () => readonly number[],
  margin: number,
  base?: readonly number[],
): Interpolation {
  const end = snapshotOf(trainable);
  const set = (share: number): void =>
    scope(() =>
      noGrad(() => {
        for (const [name, parameter] of trainable.namedParameters()) {
          if (share === 1) parameter.copy_(end.get(name)!);
          else parameter.copy_(start.get(name)!).lerp_(end.get(name)!, share);
        }
      }),
    );
  try {
    set(0);
    const started = losses();
    const before = mean(base ?? started);
    const lost = Math.max(0, mean(started) / before - 1);
    const allowed = lost + Math.max(0, margin - lost) / 2;
    const measured = (share: number): { share: number; rise: number; most: number } => {
      set(share);
      const { candidate, champion, interval } = figureOf(losses(), started);
      return { share, rise: candidate / before - 1, most: interval[1] / champion };
    };
    const isKept = ({ rise, most }: { rise: number; most: number }): boolean => rise <= allowed && most <= margin;
    let best = measured(1);
    if (!isKept(best)) {
      let [low, high] = [0, 1];
      for (let i = 0; i < HALVINGS; i++) {
        const found = measured((low + high) / 2);
        if (isKept(found)) [low, best] = [found.share, found];
        else high = found.share;
      }
      // Nothing at all would be the champion again; what is left is for the gate to refuse.
      if (low === 0) best = measured(high);
      set(best.share);
    }
    return { share: best.share, rise: best.rise };
  } finally {
    disposeSnapshot(end);
  }
}
