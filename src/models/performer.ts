/** The Performer in place of full attention (Choromanski et al. 2021), for every family whose scores are products alone. */
import { usageError } from '../support/errors.ts';
import { createRandom } from '../support/random.ts';
import type { Layer } from './layer.ts';
import type { Backbone } from './model.ts';
import { Stack } from './stack.ts';

/** `performer` in config.json. */
export interface PerformerConfig {
  /** Random directions: more of them estimate better. */
  features: number;
  /** Of the directions, which are in no checkpoint. */
  seed: number;
}

/**
 * Makes every attention of a sequence to itself a Performer's; attention to another sequence stays full. For a backbone
 * whose weights are still undefined.
 *
 * @param where names the file in messages
 * @throws UserError where scores are more than products of queries and keys
 */
export function usePerformer(backbone: Backbone, { features, seed }: PerformerConfig, where: string): void {
  const stacks = new Set(Array.from(backbone.namedModules(), ([, module]) => module).filter(isStack));
  const reason = stacks.size === 0 ? 'its layers are of its own kind' : firstReason(stacks);
  if (reason !== undefined) {
    throw usageError(
      'TSLM_PERFORMER',
      `${where}: 'performer' does not fit this model: ${reason}`,
      'random features stand for full attention with plain scores: leave performer out, or choose another family',
    );
  }
  const random = createRandom(seed);
  for (const { layers } of stacks) {
    for (const layer of new Set(layers)) {
      layer.replaceAttention({ name: 'performer', features, seed: random.below(2 ** 32) });
    }
  }
}

const isStack = (module: unknown): module is Stack => module instanceof Stack;

function firstReason(stacks: Iterable<Stack>): string | undefined {
  for (const { options, layers } of stacks) {
    if (options.alibi) return 'it adds linear biases to scores (ALiBi)';
    if (options.relativeBias) return 'it adds biases of relative positions to scores';
    for (const layer of layers) {
      const reason = reasonOf(layer);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

function reasonOf({ attention: { options } }: Layer): string | undefined {
  if (options.softcap !== undefined) return 'it caps scores (attn_logit_softcapping)';
  if (options.window !== undefined) return 'it has sliding windows (sliding_window, local_attention)';
  return options.kind && options.kind.name !== 'performer' ? 'its attention is sparse already' : undefined;
}
