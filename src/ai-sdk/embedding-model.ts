/** Vectors of texts for `embed` and `embedMany`. */
import type { EmbeddingModelV3 } from '@ai-sdk/provider';
import { z } from 'zod';
import type { Engine } from '../engine/protocol.ts';
import { parseOptions } from '../support/schema.ts';
import { PROVIDER } from './names.ts';

/** `providerOptions.tslm` */
const optionsSchema = z.strictObject({
  pooling: z.enum(['mean', 'cls', 'last']).optional(),
  normalize: z.boolean().optional(),
  dimensions: z.int().positive().optional(),
  truncate: z.boolean().optional(),
});

export const createEmbeddingModel = (modelId: string, open: () => Promise<Engine>): EmbeddingModelV3 => ({
  specificationVersion: 'v3',
  provider: PROVIDER,
  modelId,
  maxEmbeddingsPerCall: Number.POSITIVE_INFINITY,
  // One thread computes: texts of one call share batches, those of several would wait for each other.
  supportsParallelCalls: false,
  async doEmbed({ values, providerOptions, abortSignal }) {
    const options = parseOptions(optionsSchema, providerOptions?.[PROVIDER] ?? {}, `providerOptions.${PROVIDER}`);
    const engine = await open();
    const { vectors, tokens } = await engine.call('embed', { inputs: values, ...options }, abortSignal);
    return { embeddings: vectors.map(vector => Array.from(vector)), usage: { tokens }, warnings: [] };
  },
});
