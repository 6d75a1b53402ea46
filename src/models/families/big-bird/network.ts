/** What config.json says of BigBird (Zaheer et al. 2020). */
import { z } from 'zod';
import { activation, size } from '../../config/keys.ts';
import type { KeyRule } from '../../family.ts';
import { bertConfig } from '../bert/network.ts';

export const config = z.object({
  ...bertConfig,
  vocab_size: size(50358),
  max_position_embeddings: size(4096),
  hidden_act: activation('gelu_new'),
  sep_token_id: z.int().min(0).default(66),
  attention_type: z.enum(['block_sparse', 'original_full']).default('block_sparse'),
  block_size: size(64),
  num_random_blocks: z.int().min(0).default(3),
  rescale_embeddings: z.boolean().default(false),
  use_bias: z.boolean().default(true),
});

export const spanKeys: readonly KeyRule[] = [
  ['head.feedForward.input.', 'qa_classifier.intermediate.dense.'],
  ['head.feedForward.output.', 'qa_classifier.output.dense.'],
  ['head.norm.', 'qa_classifier.output.LayerNorm.'],
  ['head.span.', 'qa_classifier.qa_outputs.'],
];
