/**
 * The speed of decoding beside the ceiling: a token comes no faster than memory gives the weights and the cached keys and
 * values, each read once.
 */

import { resolveGenerationConfig } from '../generate/config/generation-config.ts';
import { generate } from '../generate/generate.ts';
import type { Decoder } from '../models/decoder.ts';
import { LMHead } from '../models/heads/lm.ts';
import type { Model } from '../models/model.ts';
import { Attention, Embedding, Linear, type Parameter } from '../nn/index.ts';
import { type DType, dtypeInfo } from '../torch/index.ts';
import {
  figures,
  type InferenceOptions,
  type InferenceThroughput,
  inferenceModel,
  randomPrompts,
  timed,
} from './inference.ts';
import { memoryRate } from './memory-rate.ts';

export interface DecodeThroughput extends InferenceThroughput {
  /** Of one token of every sequence: median over the texts. */
  millisecondsPerToken: number;
  /** What a step reads: weights, and keys and values at the mean length. */
  weightBytes: number;
  cacheBytes: number;
  /** As measured here: bytes a second. */
  memoryRate: number;
}

/** Greedy decoding of `tokens` tokens after prompts of `prompt` tokens; the first, which the prompt gives, is not timed. */
export async function decodeThroughput(
  options: InferenceOptions & { prompt: number; tokens: number },
): Promise<DecodeThroughput> {
  const { batch, prompt, tokens, device = 'cpu' } = options;
  using model = inferenceModel(options, prompt + tokens);
  const { dtype } = model.parameters()[0];
  const prompts = randomPrompts(options, prompt);
  const config = resolveGenerationConfig({ maxNewTokens: tokens, doSample: false });
  const timing = await timed(options, () => {
    const steps = generate(model, prompts, config);
    steps.next();
    const start = performance.now();
    for (const _ of steps);
    return (performance.now() - start) / 1000;
  });
  const weightBytes = weightBytesRead(model);
  const cacheBytes = batch * (prompt + tokens / 2) * cacheBytesPerPosition(model, dtype);
  const rate = memoryRate({ device });
  const steps = tokens - 1;
  return {
    ...figures(model, timing, {
      tokens: batch * steps,
      ceilingSeconds: (steps * (weightBytes + cacheBytes)) / rate,
    }),
    millisecondsPerToken: (1000 * timing.seconds) / steps,
    weightBytes,
    cacheBytes,
    memoryRate: rate,
  };
}

/** Bytes of the weights that a step reads all of: of tables only the one that is the output layer, too. */
function weightBytesRead(model: Model): number {
  const parts = Array.from(model.namedModules(), ([, part]) => part);
  const ofMaps = new Map<Parameter, number>(
    parts.flatMap(part => (part instanceof Linear ? [[part.weight, part.weightBytes] as const] : [])),
  );
  const tables = new Set(parts.flatMap(part => (part instanceof Embedding ? part.weight : [])));
  const read = model.parameters().filter(parameter => !tables.has(parameter));
  const isTied = model.head instanceof LMHead && !model.head.projection;
  const output = isTied ? (model.backbone as Decoder).embeddings.word.projectionBytes : 0;
  return read.reduce((sum, parameter) => sum + (ofMaps.get(parameter) ?? parameter.nbytes), output);
}

function cacheBytesPerPosition(model: Model, dtype: DType): number {
  const widths = Array.from(model.namedModules()).map(([, part]) =>
    part instanceof Attention ? part.kvHeads * part.headDim : 0,
  );
  return 2 * dtypeInfo(dtype).size * widths.reduce((sum, width) => sum + width, 0);
}
