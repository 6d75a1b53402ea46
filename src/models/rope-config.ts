/**
 * What config.json says of rotary positions, in the style of Transformers 4 (`rope_theta`, `rope_scaling`) and of 5
 * (`rope_parameters`). A kind, key or value that is not known is an error that names it.
 */
import { z } from 'zod';
import { dynamicRope, linearRope, llama3Rope, longRope, plainRope, type Rotary, yarnRope } from '../nn/index.ts';
import { nearest } from '../support/nearest.ts';
import { refuse } from './config-keys.ts';

const positive = z.number().positive();
const optional = positive.nullish();
const positions = z.int().positive();

/** The keys of each `rope_type`, besides those that all have. */
const kinds = {
  default: z.strictObject({ rope_type: z.literal('default') }),
  linear: z.strictObject({ rope_type: z.literal('linear'), factor: positive }),
  dynamic: z.strictObject({ rope_type: z.literal('dynamic'), factor: positive }),
  yarn: z.strictObject({
    rope_type: z.literal('yarn'),
    factor: positive.nullable(),
    original_max_position_embeddings: positions.optional(),
    attention_factor: optional,
    beta_fast: optional,
    beta_slow: optional,
    mscale: optional,
    mscale_all_dim: optional,
    truncate: z.boolean().optional(),
  }),
  longrope: z.strictObject({
    rope_type: z.literal('longrope'),
    short_factor: z.array(positive),
    long_factor: z.array(positive),
    factor: optional,
    original_max_position_embeddings: positions.optional(),
    attention_factor: optional,
  }),
  llama3: z.strictObject({
    rope_type: z.literal('llama3'),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: positions.optional(),
  }),
};
type Kind = keyof typeof kinds;

export type RopeParameters = z.output<(typeof kinds)[Kind]> & { rope_theta?: number; partial_rotary_factor?: number };

interface RopeKeys {
  /** The kinds that a family knows. Default all. */
  only?: readonly Kind[];
  /** Other names of kinds. */
  aliases?: Record<string, Kind>;
  /** The family may turn only a part of each head. Default false. */
  partial?: boolean;
}

/** The schema of `rope_scaling` and `rope_parameters`. */
export function ropeParameters({ only, aliases = {}, partial = false }: RopeKeys = {}) {
  const known = only ?? (Object.keys(kinds) as Kind[]);
  const shared = {
    rope_theta: positive.optional(),
    partial_rotary_factor: partial ? z.number().positive().max(1).optional() : refuse(1),
  };
  return z.record(z.string(), z.unknown()).transform(({ type, rope_type, ...given }, context): RopeParameters => {
    const named = String(rope_type ?? type ?? 'default');
    const kind = aliases[named] ?? (named as Kind);
    if (!known.includes(kind)) {
      const message = `rope type '${named}' is not supported; supported here: ${known.join(', ')}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    const schema = kinds[kind].extend(shared) as z.ZodObject;
    const result = schema.safeParse({ ...given, rope_type: kind });
    if (result.success) return result.data as RopeParameters;
    const [issue] = result.error.issues;
    if (issue.code === 'unrecognized_keys') {
      const guess = nearest(issue.keys[0], Object.keys(schema.shape));
      const hint = guess === undefined ? '' : `; did you mean '${guess}'?`;
      context.addIssue({ code: 'custom', message: `rope type '${named}' has no key '${issue.keys[0]}'${hint}` });
    } else context.issues.push({ ...issue, input: given } as (typeof context.issues)[number]);
    return z.NEVER;
  });
}

/** The keys of config.json for one rotation in all layers. */
export const ropeConfig = {
  rope_theta: positive.optional(),
  rope_scaling: ropeParameters().nullish(),
  rope_parameters: ropeParameters().nullish(),
  partial_rotary_factor: refuse(1),
};

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

/** The rotation that parameters describe. Throws a `RangeError` where a head does not fit them. */
export function rotaryFrom(given: RopeParameters = { rope_type: 'default' }, context: RopeContext): Rotary {
  const { headDim, maxPositions } = context;
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
  rope_theta?: number;
  rope_scaling?: RopeParameters | null;
  rope_parameters?: RopeParameters | null;
  max_position_embeddings: number;
}

/** The rotation of all layers. */
export const rotaryOf = (c: RopeConfig, headDim: number, context: Partial<RopeContext> = {}): Rotary =>
  rotaryFrom(c.rope_scaling ?? c.rope_parameters ?? undefined, {
    headDim,
    theta: c.rope_theta,
    maxPositions: c.max_position_embeddings,
    ...context,
  });
