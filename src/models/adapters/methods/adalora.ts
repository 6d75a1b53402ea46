/** AdaLoRA in PEFT's files, to use and to merge. How its ranks are shared out while it trains is not here. */
import { z } from 'zod';
import { AdaLora, Linear } from '../../../nn/index.ts';
import { usageError } from '../../../support/errors.ts';
import type { Tensor } from '../../../torch/index.ts';
import type { Adapter } from '../adapter.ts';
import { loraSchema } from './lora.ts';
import { absent, type Method } from './method.ts';

const schema = loraSchema.extend({
  peft_type: z.literal('ADALORA'),
  target_r: z.int().positive().default(8),
  init_r: z.int().positive().default(12),
  tinit: z.int().default(0),
  tfinal: z.int().default(0),
  deltaT: z.int().default(1),
  beta1: z.number().default(0.85),
  beta2: z.number().default(0.85),
  orth_reg_weight: z.number().min(0).default(0.5),
  total_step: z.int().nullish(),
  rank_pattern: absent,
});

type AdaLoraConfig = z.output<typeof schema>;

export const adaLora: Method<AdaLoraConfig> = {
  schema,
  adapt({ name, layer }, { init_r: rank, lora_alpha: alpha, lora_dropout: dropout }) {
    if (layer instanceof Linear) return new AdaLora(layer, { rank, alpha, dropout });
    throw usageError('TSLM_BAD_ADAPTER', `AdaLoRA adapts linear maps, and '${name}' is a table`, 'leave it out');
  },
  start() {
    const hint = "take LORA with 'rank_pattern'";
    throw usageError('TSLM_BAD_ADAPTER', 'a new AdaLoRA cannot be trained: its ranks are shared out meanwhile', hint);
  },
};

/** What PEFT adds to the loss: the mean of all penalties, times a weight. */
export function penaltyOf({ config, layers }: Adapter): Tensor | undefined {
  const penalties = layers.flatMap(({ change }) => (change instanceof AdaLora ? change.penalties() : []));
  if (penalties.length === 0) return undefined;
  const { orth_reg_weight: weight } = config as unknown as AdaLoraConfig;
  return penalties.reduce((sum, penalty) => sum.add(penalty)).mul(weight / penalties.length);
}
