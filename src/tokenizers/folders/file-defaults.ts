/**
 * What tokenizer.json says of padding and truncation. As in Transformers it is not applied by itself: it gives defaults
 * for what tokenizer_config.json leaves open.
 */
import { z } from 'zod';
import type { TokenizerConfig } from './tokenizer-config.ts';

const direction = z.enum(['Left', 'Right']);

export const paddingSchema = z
  .strictObject({
    strategy: z.union([z.literal('BatchLongest'), z.strictObject({ Fixed: z.int().nonnegative() })]),
    direction,
    pad_to_multiple_of: z.int().nonnegative().nullish(),
    pad_id: z.int().nonnegative(),
    pad_type_id: z.int().nonnegative(),
    pad_token: z.string(),
  })
  .nullish();

export const truncationSchema = z
  .strictObject({
    direction: direction.default('Right'),
    max_length: z.int().nonnegative(),
    strategy: z.enum(['LongestFirst', 'OnlyFirst', 'OnlySecond']),
    stride: z.int().nonnegative(),
  })
  .nullish();

const sideOf = { Left: 'left', Right: 'right' } as const;

/** `config` with the defaults of the file. */
export const withFileDefaults = (
  config: TokenizerConfig,
  padding: z.output<typeof paddingSchema>,
  truncation: z.output<typeof truncationSchema>,
): TokenizerConfig => ({
  ...config,
  ...(padding && {
    padding_side: config.padding_side ?? sideOf[padding.direction],
    pad_token: config.pad_token ?? padding.pad_token,
    pad_token_type_id: config.pad_token_type_id ?? padding.pad_type_id,
  }),
  ...(truncation && { truncation_side: config.truncation_side ?? sideOf[truncation.direction] }),
});
