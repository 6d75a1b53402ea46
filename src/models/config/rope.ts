/** From what config.json says of rotary positions to the rotation. */
import { dynamicRope, linearRope, llama3Rope, longRope, plainRope, type Rotary, yarnRope } from '../../nn/index.ts';
import type { RopeParameters } from './rope-parameters.ts';

export interface RopeContext {
  /** Width of a head. */
  headDim: number;
  /** Where the parameters do not say. */
  theta?: number;
  partial?: number;
  maxPositions: number;
  /** Length of pretraining's sequences, before what the parameters say. */
  originalPositions?: number;
}

/** Far wider than any head is. */
const MAX_HEAD_DIM = 65_536;

/** The rotation that parameters describe. Throws a `RangeError` where a head does not fit them. */
export function rotaryFrom(given: RopeParameters = { rope_type: 'default' }, context: RopeContext): Rotary {
  const { headDim, maxPositions } = context;
  // An angle for each pair is computed before any weight is looked at.
  if (headDim > MAX_HEAD_DIM) throw new RangeError(`head_dim is ${headDim}, more than ${MAX_HEAD_DIM}`);
  const dim = Math.trunc(headDim * (given.partial_rotary_factor ?? context.partial ?? 1));
  if (2 * Math.ceil(dim / 2) > headDim || dim === 0) {
    throw new RangeError(`rotary positions turn pairs: head_dim must be even, and is ${headDim}`);
  }
  const base = { theta: given.rope_theta ?? context.theta ?? 10_000, dim };
  const original = (stated: number | undefined): number => context.originalPositions ?? stated ?? maxPositions;
  switch (given.rope_type) {
    case 'default':
      return plainRope(base);
    case 'linear':
      return linearRope({ ...base, factor: given.factor });
    case 'dynamic':
      return dynamicRope({ ...base, factor: given.factor, maxPositions });
    case 'llama3':
      return llama3Rope({
        ...base,
        factor: given.factor,
        lowFreqFactor: given.low_freq_factor,
        highFreqFactor: given.high_freq_factor,
        originalPositions: original(given.original_max_position_embeddings),
      });
    case 'yarn': {
      const originalPositions = original(given.original_max_position_embeddings);
      return yarnRope({
        ...base,
        originalPositions,
        factor: given.factor ?? maxPositions / originalPositions,
        attentionFactor: given.attention_factor ?? undefined,
        betaFast: given.beta_fast ?? undefined,
        betaSlow: given.beta_slow ?? undefined,
        mscale: given.mscale ?? undefined,
        mscaleAllDim: given.mscale_all_dim ?? undefined,
        truncate: given.truncate,
      });
    }
    case 'longrope': {
      const originalPositions = original(given.original_max_position_embeddings);
      for (const key of ['short_factor', 'long_factor'] as const) {
        const [pairs, found] = [Math.ceil(dim / 2), given[key].length];
        if (found !== pairs) throw new RangeError(`${key} must have ${pairs} numbers, one a pair, and has ${found}`);
      }
      return longRope({
        ...base,
        originalPositions,
        shortFactor: given.short_factor,
        longFactor: given.long_factor,
        factor: given.factor ?? maxPositions / originalPositions,
        attentionFactor: given.attention_factor ?? undefined,
      });
    }
  }
}

interface RopeConfig {
  rope_theta?: number | null;
  rope_scaling?: RopeParameters | null;
  rope_parameters?: RopeParameters | null;
  max_position_embeddings: number;
}

/** The rotation of all layers. */
export const rotaryOf = (c: RopeConfig, headDim: number, context: Partial<RopeContext> = {}): Rotary =>
  rotaryFrom(c.rope_scaling ?? c.rope_parameters ?? undefined, {
    headDim,
    theta: c.rope_theta ?? undefined,
    maxPositions: c.max_position_embeddings,
    ...context,
  });
