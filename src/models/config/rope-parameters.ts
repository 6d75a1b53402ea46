/**
 * The schema of rotary positions in config.json: `rope_scaling` in the style of Transformers 4, `rope_parameters` in that
 * of 5. A kind or value that is not known is an error that names it, a key a warning, as in Transformers.
 */
import { z } from 'zod';
import { nearest } from '../../support/nearest.ts';
import { warn } from '../../support/warnings.ts';
import { refuse } from './keys.ts';

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

export type RopeParameters = z.output<(typeof kinds)[Kind]> & {
  rope_theta?: number | null;
  partial_rotary_factor?: number;
};

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
    rope_theta: optional,
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
    const keys = Object.keys(schema.shape);
    const read: Record<string, unknown> = { rope_type: kind };
    for (const [key, value] of Object.entries(given)) {
      if (keys.includes(key)) read[key] = value;
      else if (value !== null) warn(unknownKey(named, key, keys));
    }
    const result = schema.safeParse(read);
    if (result.success) return result.data as RopeParameters;
    const [issue] = result.error.issues;
    context.issues.push({ ...issue, input: given } as (typeof context.issues)[number]);
    return z.NEVER;
  });
}

function unknownKey(kind: string, key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  const hint = guess === undefined ? '' : `; did you mean '${guess}'?`;
  return `rope type '${kind}' has no key '${key}', which has no effect${hint}`;
}

/** The keys of config.json for one rotation in all layers. */
export const ropeConfig = {
  rope_theta: optional,
  rope_scaling: ropeParameters().nullish(),
  rope_parameters: ropeParameters().nullish(),
  partial_rotary_factor: refuse(1),
};
