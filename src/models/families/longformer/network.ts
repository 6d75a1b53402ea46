/** What config.json says of Longformer (Beltagy et al. 2020), and which layer sees how much. */
import { z } from 'zod';
import { refuse } from '../../config/keys.ts';
import { bertConfig } from '../bert/network.ts';

export const PAD = 1;

/** Positions around a token, half of them on each side. */
export const window = z
  .int()
  .positive()
  .refine(positions => positions % 2 === 0, 'must be even: half of it is on each side');

const { classifier_dropout: _, ...shared } = bertConfig;

export const config = z.object({
  ...shared,
  pad_token_id: z.int().min(0).default(PAD),
  sep_token_id: z.int().min(0).default(2),
  attention_window: z.union([window, z.array(window)]).default(512),
  // Of the authors' own code.
  autoregressive: refuse(false),
  attention_dilation: z.array(z.literal(1)).optional(),
});

type Config = z.output<typeof config>;

/** Positions on each side, of each layer. */
export function windowsOf({ attention_window: windows, num_hidden_layers: layers }: Config): number[] {
  const each = typeof windows === 'number' ? Array.from({ length: layers }, () => windows) : windows;
  if (each.length !== layers) {
    throw new RangeError(`attention_window has ${each.length} entries for num_hidden_layers ${layers}`);
  }
  return each.map(positions => positions / 2);
}
