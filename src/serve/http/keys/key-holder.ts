/** Somebody who has a key, as the file of keys describes them. */
import { z } from 'zod';

export const limitsSchema = z.strictObject({
  requestsPerMinute: z.int().positive().optional(),
  tokensPerMinute: z.int().positive().optional(),
  /** Requests under way at a time. */
  concurrency: z.int().positive().optional(),
});

export const keyHolderSchema = z.strictObject({
  name: z.string().min(1).max(64),
  /** SHA-256 of the key, hexadecimal. A key has 256 random bits, so that a slow hash would protect nothing. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO 8601. */
  created: z.string(),
  /** May load and unload models. */
  admin: z.boolean().optional(),
  limits: limitsSchema.optional(),
});

/** Whose key it is, with the limits of it. */
export type KeyHolder = z.output<typeof keyHolderSchema>;
export type KeyLimits = z.output<typeof limitsSchema>;
