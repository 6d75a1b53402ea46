/**
 * `adapter_config.json` of PEFT (Mangrulkar et al. 2022). What would change the result and is not supported is refused by
 * name, like keys that are not known; a method that is not here, with the nearest that is.
 */
import { join } from 'node:path';
import { usageError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { adaLora } from './methods/adalora.ts';
import { bottleneck } from './methods/bottleneck.ts';
import { ia3 } from './methods/ia3.ts';
import { loha } from './methods/loha.ts';
import { lora } from './methods/lora.ts';
import type { AnyConfig, Method } from './methods/method.ts';
import { prefixTuning } from './methods/prefix-tuning.ts';
import { promptTuning } from './methods/prompt-tuning.ts';
import { vera } from './methods/vera.ts';

/** By PEFT's names. */
const methods = {
  LORA: lora,
  IA3: ia3,
  VERA: vera,
  LOHA: loha,
  ADALORA: adaLora,
  PROMPT_TUNING: promptTuning,
  PREFIX_TUNING: prefixTuning,
  BOTTLENECK: bottleneck,
} as unknown as Record<string, Method>;

/** Of PEFT's other methods, the one here that does most nearly the same. */
const nearest: Record<string, string> = {
  LOKR: 'LOHA',
  OFT: 'LORA with use_dora',
  BOFT: 'LORA with use_dora',
  HRA: 'LORA with use_dora',
  P_TUNING: 'PROMPT_TUNING',
  CPT: 'PROMPT_TUNING',
  MULTITASK_PROMPT_TUNING: 'PROMPT_TUNING',
  ADAPTION_PROMPT: 'PREFIX_TUNING',
  CARTRIDGE: 'PREFIX_TUNING',
  LN_TUNING: 'LORA with modules_to_save of the norms',
  TRAINABLE_TOKENS: 'LORA with trainable_token_indices',
  VBLORA: 'VERA',
  RANDLORA: 'VERA',
  PVERA: 'VERA',
  FOURIERFT: 'VERA',
  BEFT: 'IA3',
};

/** PEFT's `adapter_config.json`, of any supported method. */
export type AdapterConfig = AnyConfig;

/** @throws UserError for a method that is not here, with the nearest one */
export function methodOf(config: Pick<AnyConfig, 'peft_type'>, where: string): Method {
  const name = String(config.peft_type);
  if (Object.hasOwn(methods, name)) return methods[name];
  throw usageError(
    'TSLM_BAD_ADAPTER',
    `${where}: 'peft_type': '${name}' is not supported`,
    `the nearest is ${nearest[name] ?? 'LORA'}; there are ${Object.keys(methods).join(', ')}`,
  );
}

/** @throws UserError that names the key, when one is unknown, not supported, or of another type */
export function parseAdapterConfig(json: unknown, where: string): AdapterConfig {
  const { peft_type = undefined } = (json ?? {}) as { peft_type?: string };
  return parseOptions(methodOf({ peft_type: String(peft_type) }, where).schema, json, where);
}

export const CONFIG_FILE = 'adapter_config.json';

export function readAdapterConfig(folder: string): AdapterConfig {
  const where = join(folder, CONFIG_FILE);
  return parseAdapterConfig(readJson(where), where);
}
