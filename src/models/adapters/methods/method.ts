/** What a method of adaptation has to say: the keys of its `adapter_config.json`, and what it puts where. */
import { z } from 'zod';
import type { LayerAdapter, Parameter } from '../../../nn/index.ts';
import { refuse } from '../../config/keys.ts';
import type { Model } from '../../model.ts';
import type { Prompt } from '../../prompt.ts';
import type { LayerPlace } from '../places.ts';

const anything = z.unknown().optional();
const names = z.array(z.string());
/** A key that has to be absent. */
export const absent = z.null({ error: 'is not supported' }).optional();
/** Numbers for single modules, by the end of their name or a regular expression for it. */
export const perModule = z.record(z.string(), z.number().positive()).nullish();

/** Keys of every method's file. */
export const commonKeys = {
  task_type: z.string().nullish(),
  /** Modules that come whole with the adapter. */
  modules_to_save: names.nullish(),
  auto_mapping: anything,
  base_model_name_or_path: z.string().nullish(),
  inference_mode: z.boolean().nullish(),
  peft_version: z.string().nullish(),
  revision: z.string().nullish(),
};

/** Keys of methods that change layers. */
export const layerKeys = {
  ...commonKeys,
  /** Names or ends of names, a regular expression for whole names, or `all-linear`. */
  target_modules: z.union([names, z.string()], { error: 'must be a list of names or a string' }),
  exclude_modules: z.union([names, z.string()]).nullish(),
};

/** Keys that choose layers by their numbers. */
export const numberedKeys = {
  layers_to_transform: z.union([z.array(z.int()), z.int()]).nullish(),
  layers_pattern: z.union([names, z.string()]).nullish(),
};

/** How weights lie in memory: no part in what is computed. */
export const orientation = z.boolean().nullish();
export const onlyFalse = refuse(false);

/** What every method's config says of the modules it is about. */
export interface AnyConfig {
  peft_type: string;
  task_type?: string | null;
  modules_to_save?: string[] | null;
  base_model_name_or_path?: string | null;
  target_modules?: string[] | string;
  exclude_modules?: string[] | string | null;
  layers_to_transform?: number[] | number | null;
  layers_pattern?: string[] | string | null;
  bias?: string;
  trainable_token_indices?: number[] | Record<string, number[]> | null;
}

/** A layer that is changed. */
export type Target = LayerPlace;

/** Parameters that layers have in common, with their keys in files. */
export interface SharedParameter {
  key: string;
  parameter: Parameter;
}

export interface Method<Config extends AnyConfig = AnyConfig> {
  schema: z.ZodType<Config>;
  /** What the layers have in common, made before them. */
  share?(targets: readonly Target[], config: Config): SharedParameter[];
  /** The change of one layer, its parameters still without values. Absent: the method changes no layers. */
  adapt?(target: Target, config: Config, shared: readonly SharedParameter[]): LayerAdapter;
  /** Vectors before the input, still without values. */
  prompt?(model: Model, config: Config): Prompt;
  /** What can be filled in of a new adapter's config: sizes of the model, and which modules are meant. */
  complete?(config: Record<string, unknown>, model: Model): Record<string, unknown>;
  /** Fills the parameters of a layer of a new adapter, which then changes nothing, from the default generator. */
  start?(adapter: LayerAdapter, target: Target, config: Config): void;
  /** Fills what is shared, from a seed of the config. */
  startShared?(shared: readonly SharedParameter[], config: Config): void;
  startPrompt?(prompt: Prompt, model: Model, config: Config): void;
}
