/** The speed of reading prompts beside the ceiling: it can be no faster than its matrix products alone. */

import { decoderSession } from '../generate/sessions/decoder-session.ts';
import {
  figures,
  type InferenceOptions,
  type InferenceThroughput,
  inferenceModel,
  randomPrompts,
  timed,
} from './inference.ts';
import { countProducts, productsAlone } from './matmul-rate.ts';
import { forwardProducts } from './model-products.ts';

export interface PrefillThroughput extends InferenceThroughput {
  /** Of one prompt, or of the batch: median. */
  seconds: number;
  /** Of the products, in the step and alone. */
  gflopsPerSecond: number;
  ceilingGflopsPerSecond: number;
}

/** Reading prompts of `seq` tokens into a key–value cache, up to the logits of the last position. */
export async function prefillThroughput(options: InferenceOptions & { seq: number }): Promise<PrefillThroughput> {
  const { batch, seq, dtype, device = 'cpu' } = options;
  using model = inferenceModel(options, seq);
  const prompts = randomPrompts(options, seq);
  const timing = await timed(options, () => {
    using session = decoderSession(model, { capacity: seq });
    const start = performance.now();
    session.step(prompts); // the logits come to JavaScript, so nothing is still running
    return (performance.now() - start) / 1000;
  });
  const products = countProducts(forwardProducts(model, { batch, seq, logitsToKeep: 1 }));
  const alone = productsAlone(products, { dtype, device });
  return {
    ...figures(model, timing, { tokens: batch * seq, ceilingSeconds: alone.seconds }),
    seconds: timing.seconds,
    gflopsPerSecond: alone.flops / timing.seconds / 1e9,
    ceilingGflopsPerSecond: alone.flops / alone.seconds / 1e9,
  };
}
