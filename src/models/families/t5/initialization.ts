/**
 * How T5's weights are drawn (Raffel et al. 2020, after Mesh TensorFlow): each matrix by the width of what it reads, and
 * queries narrower still, since their products with keys are not scaled.
 */
import { Attention, FeedForward, RelativePositionBias, RMSNorm } from '../../../nn/index.ts';
import { initConstant, initNormal } from '../../../nn/init.ts';
import { LastEosClassificationHead } from '../../heads/last-eos-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { initializeNormal, type Model } from '../../model.ts';

export function initializeT5(model: Model): void {
  const factor = Number(model.config.initializer_factor ?? 1);
  const { hidden } = model.backbone;
  const byWidth = (width: number): number => factor / Math.sqrt(width);
  initializeNormal(model, factor);
  for (const [, part] of model.namedModules()) {
    if (part instanceof RMSNorm) initConstant(part.weight, factor);
    else if (part instanceof Attention) {
      initNormal(part.query!.weight, byWidth(hidden * part.headDim));
      initNormal(part.key!.weight, byWidth(hidden));
      initNormal(part.value!.weight, byWidth(hidden));
      initNormal(part.output.weight, byWidth(part.heads * part.headDim));
    } else if (part instanceof FeedForward) {
      if (part.gate) initNormal(part.gate.weight, byWidth(hidden));
      initNormal(part.input.weight, byWidth(hidden));
      initNormal(part.output.weight, byWidth(part.options.intermediate));
    } else if (part instanceof RelativePositionBias) {
      initNormal(part.table.weight, byWidth(hidden));
    } else if (part instanceof SpanHead) {
      initNormal(part.span.weight, byWidth(hidden));
    } else if (part instanceof LastEosClassificationHead) {
      initNormal(part.dense.weight, byWidth(hidden));
      initNormal(part.classifier.weight, byWidth(hidden));
    }
  }
}
