/**
 * `adapter_config.json` of PEFT's LoRA adapters (Mangrulkar et al. 2022). What would change the result and is not supported
 * is refused by name, like keys that are not known.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { refuse } from '../config/keys.ts';

const anything = z.unknown().optional();
const names = z.array(z.string());
const absent = z.null({ error: 'is not supported' }).optional();
const perModule = z.record(z.string(), z.number().positive()).nullish();

/** How adapters were initialised without a change to the model's own weights. */
const plainStarts = [true, false, 'gaussian', 'eva', 'orthogonal'] as const;

const schema = z.strictObject({
  peft_type: z.literal('LORA', { error: 'only LORA is supported' }),
  r: z.int().positive().default(8),
  lora_alpha: z.number().positive().default(8),
  use_rslora: z.boolean().default(false),
  /** Of single modules, by the end of their name or a regular expression for it. */
  rank_pattern: perModule,
  alpha_pattern: perModule,
  lora_dropout: z.number().min(0).max(1).default(0),
  /** Names or ends of names, a regular expression for whole names, or `all-linear`. */
  target_modules: z.union([names, z.string()], { error: 'must be a list of names or a string' }),
  exclude_modules: z.union([names, z.string()]).nullish(),
  layers_to_transform: z.union([z.array(z.int()), z.int()]).nullish(),
  layers_pattern: z.union([names, z.string()]).nullish(),
  /** Modules that come whole with the adapter. */
  modules_to_save: names.nullish(),
  bias: z.enum(['none', 'all', 'lora_only']).default('none'),
  task_type: z.string().nullish(),
  init_lora_weights: z
    .literal(plainStarts, {
      error: 'changes the model itself: save the adapter with `path_initial_model_for_weight_conversion`',
    })
    .default(true),

  use_dora: refuse(false),
  use_qalora: refuse(false),
  lora_bias: refuse(false),
  ensure_weight_tying: refuse(false),
  alora_invocation_tokens: absent,
  arrow_config: absent,
  enable_lora: absent,
  kasa_config: absent,
  layer_replication: absent,
  megatron_config: absent,
  monteclora_config: absent,
  target_parameters: absent,
  trainable_token_indices: absent,
  use_bdlora: absent,
  velora_config: absent,

  // Where an adapter came from, how it was started or computed, and how the model's weights lie in memory.
  auto_mapping: anything,
  base_model_name_or_path: z.string().nullish(),
  corda_config: anything,
  eva_config: anything,
  fan_in_fan_out: z.boolean().nullish(),
  inference_mode: z.boolean().nullish(),
  loftq_config: anything,
  lora_ga_config: anything,
  megatron_core: anything,
  merge_weights: anything,
  peft_version: z.string().nullish(),
  qalora_group_size: anything,
  revision: z.string().nullish(),
});

export type AdapterConfig = z.output<typeof schema>;

/** @throws UserError that names the key, when one is unknown, not supported, or of another type */
export const parseAdapterConfig = (json: unknown, where: string): AdapterConfig => parseOptions(schema, json, where);

export const CONFIG_FILE = 'adapter_config.json';

export function readAdapterConfig(folder: string): AdapterConfig {
  const where = join(folder, CONFIG_FILE);
  return parseAdapterConfig(readJson(where), where);
}
