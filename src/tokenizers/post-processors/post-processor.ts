/** What a post-processor is. */
import { z } from 'zod';
import type { Encoding } from '../encode/encoding.ts';

/** Adds the special tokens that a model expects around one text or a pair. */
export interface PostProcessor {
  /** How many tokens it adds; truncation leaves room for them. */
  addedTokens(isPair: boolean): number;
  /** Takes one or two encodings and returns any number, which are joined in the end. */
  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[];
}

/** A special token as the older post-processors write it. */
export const specialTokenSchema = z.tuple([z.string(), z.int().nonnegative()]);

/** Applies `change` to an encoding and to each of its overflowing parts. */
export function changeEach(encoding: Encoding, change: (part: Encoding) => Encoding): Encoding {
  const changed = change(encoding);
  changed.overflowing = encoding.overflowing.map(change);
  return changed;
}
