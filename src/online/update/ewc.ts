/**
 * Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv:1612.00796): weights that matter for what a model knew are held where they
 * were, ½ λ Σ F (θ − θ*)². How much each matters is the diagonal of the Fisher information, the mean square of the gradient of the
 * log-probability of answers that the model itself draws.
 */

import type { Model } from '../../models/model.ts';
import type { Targets } from '../../objectives/batches.ts';
import { statesAt } from '../../objectives/batches.ts';
import { type EncodedBatch, inputsOf } from '../../objectives/encodings.ts';
import type { AnyObjective } from '../../objectives/objective.ts';
import { wordHead } from '../../objectives/text-to-text.ts';
import { usageError } from '../../support/errors.ts';
import { backward, dispose, keep, noGrad, scope, type Tensor, withSeed, zeros } from '../../torch/index.ts';
import type { Trainable } from '../../train/trainable.ts';

/** Where a weight was, and how much it matters there. */
export interface Anchor {
  /** θ*, as the parameter. */
  mean: Tensor;
  /** The Fisher information's diagonal, of one prediction. */
  fisher: Tensor;
}

export type Anchors = Map<string, Anchor>;

/**
 * Of all that is trained, by name, at the weights as they are; to be given to `dispose` in the end. The divergence from the model as it is
 * is about ½ Σ F (θ − θ*)² nats a prediction, so that λ = 1 weighs as a weight of 1 of that divergence does.
 *
 * @param objective what the examples are of: text, or labels
 */
export function anchorsOf(
  trainable: Trainable,
  objective: AnyObjective,
  examples: readonly unknown[],
  { seed = 0 }: { seed?: number } = {},
): Anchors {
  const { model } = trainable;
  const parameters = trainable.namedParameters();
  trainable.eval();
  const anchors: Anchors = new Map(
    parameters.map(([name, parameter]) => [
      name,
      scope(() => noGrad(() => keep({ mean: parameter.detach().clone(), fisher: zeros(parameter.shape) }))),
    ]),
  );
  let predictions = 0;
  for (const [i, example] of examples.entries()) {
    trainable.zeroGrad();
    scope(() => {
      const given = objective.batch([example], model.device);
      const batch = withSeed(seed + i, () => trainable.run(() => drawn(model, given)));
      const counts = objective.counts(batch);
      const means = trainable.run(() => objective.means(model, batch));
      // Of the sum: answers are drawn independently, so that products of their gradients vanish in the mean.
      const sums = Object.keys(objective.weights).flatMap(term => {
        if (!counts[term] || !means[term]) return [];
        predictions += counts[term];
        return [means[term].mul(counts[term])];
      });
      if (sums.length > 0) trainable.run(() => backward(sums.reduce((a, b) => a.add(b))));
      noGrad(() => {
        for (const [name, { grad }] of parameters) if (grad) anchors.get(name)!.fisher.add_(grad.square());
      });
    });
  }
  trainable.zeroGrad();
  scope(() => noGrad(() => anchors.forEach(({ fisher }) => void fisher.div_(Math.max(1, predictions)))));
  return anchors;
}

/** Σ F (θ − θ*)², a scalar. */
export function elasticPenalty(trainable: Trainable, anchors: Anchors): Tensor {
  const sums = trainable.namedParameters().flatMap(([name, parameter]) => {
    const anchor = anchors.get(name);
    return anchor ? [parameter.sub(anchor.mean).square().mul(anchor.fisher).sum()] : [];
  });
  return sums.reduce((a, b) => a.add(b));
}

/** An objective with the penalty beside its own terms, as `ewc`. */
export function withAnchors(
  objective: AnyObjective,
  trainable: Trainable,
  anchors: Anchors,
  lambda: number,
): AnyObjective {
  return {
    ...objective,
    weights: { ...objective.weights, ewc: lambda / 2 },
    counts: batch => ({ ...objective.counts(batch), ewc: 1 }),
    means: (model, batch) => ({ ...objective.means(model, batch), ewc: elasticPenalty(trainable, anchors) }),
  };
}

export function disposeAnchors(anchors: Anchors): void {
  for (const anchor of anchors.values()) dispose(anchor);
}

/** The same batch with answers that the model draws in place of those that are there. */
function drawn(model: Model, batch: unknown): unknown {
  return noGrad(() => {
    const draw = (scores: Tensor): Tensor => scores.to('float32').softmax(-1).multinomial(1).reshape([-1]);
    const { targets, labels } = batch as { targets?: Targets; labels?: Tensor };
    if (targets) {
      const { lastHiddenState } = model.backbone.forward(batch as { inputIds: Tensor; documentStarts?: Tensor });
      return {
        ...(batch as object),
        targets: { ...targets, labels: draw(wordHead(model).scores(statesAt(lastHiddenState, targets))) },
      };
    }
    if (labels === undefined || labels.isFloatingPoint) {
      throw usageError(
        'TSLM_NOT_SUPPORTED',
        'update.ewc needs a model of which one label or one word fits',
        'update.ewc: 0',
      );
    }
    return { ...(batch as object), labels: draw(model.forward(inputsOf(model, batch as EncodedBatch)).logits!) };
  });
}
