/** What a recipe says of an adapter: a method and what it takes, under names of ours, and what PEFT calls that. */
import { z } from 'zod';
import { type Activation, activations } from '../../nn/index.ts';

const names = z.array(z.string()).min(1);
const count = z.int().positive();
const probability = z.number().min(0).lt(1);
const perModule = z.record(z.string(), z.number().positive());

/** Modules that are trained whole beside the adapter, such as a new head: ends of their names. */
const modulesToSave = names.optional();

const ofLayers = {
  /** Names or ends of names of modules, a regular expression for whole names, or all-linear. */
  targets: z.union([names, z.string()]).optional(),
  /** Of these the ones to leave out. */
  exclude: z.union([names, z.string()]).optional(),
  modulesToSave,
};
/** Numbers of the layers to adapt. Default all. */
const layers = z.array(z.int().min(0)).min(1).optional();
const bias = z.enum(['none', 'all', 'lora_only']).default('none');

export const adapterMethods = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('lora'),
    r: count.default(16),
    alpha: z.number().positive().default(16),
    /** Scale by α / √r (rsLoRA) and not by α / r. */
    rslora: z.boolean().default(true),
    /** Learn direction and length of each row apart (DoRA). */
    dora: z.boolean().default(false),
    dropout: probability.default(0),
    ...ofLayers,
    layers,
    /** Ranks and alphas of single modules, by the end of their name or a regular expression for it. */
    ranks: perModule.optional(),
    alphas: perModule.optional(),
    bias,
    /** How A begins: kaiming, gaussian, or with what matters most in the weight: pissa, olora. */
    init: z.enum(['kaiming', 'gaussian', 'pissa', 'olora']).default('kaiming'),
    /** Ids of tokens whose vectors are learnt. */
    trainableTokens: z.array(z.int().min(0)).min(1).optional(),
    /** Keep the model's linear maps in four bits while the adapter trains (QLoRA). Default: as they are. */
    quantize: z.literal('nf4', { error: "is not known: 'nf4' is" }).optional(),
    /** Ratio of the learning rates of B and A (LoRA+, Hayou et al. 2024). Default 1. */
    loraPlus: z.number().positive().optional(),
  }),
  z.strictObject({
    method: z.literal('ia3'),
    ...ofLayers,
    /** Of the targets those that are rescaled on their input. */
    inputs: z.union([names, z.string()]).optional(),
  }),
  z.strictObject({
    method: z.literal('vera'),
    r: count.default(256),
    /** Of the random matrices. */
    key: z.int().min(0).default(0),
    dropout: probability.default(0),
    /** What the vector between the matrices begins with. */
    initial: z.number().default(0.1),
    ...ofLayers,
    layers,
  }),
  z.strictObject({
    method: z.literal('loha'),
    r: count.default(8),
    alpha: z.number().positive().default(8),
    ...ofLayers,
    layers,
  }),
  z.strictObject({
    method: z.literal('prompt-tuning'),
    virtualTokens: count.default(20),
    /** Begin as words of the vocabulary, or at random. */
    init: z.enum(['words', 'random']).default('words'),
    modulesToSave,
  }),
  z.strictObject({
    method: z.literal('prefix-tuning'),
    virtualTokens: count.default(20),
    modulesToSave,
  }),
  z.strictObject({
    method: z.literal('bottleneck'),
    /** Width of the inside. */
    size: count.default(64),
    activation: z.enum(Object.keys(activations) as [Activation]).default('gelu'),
    ...ofLayers,
    layers,
  }),
]);

export const adapterOptions = z.preprocess(
  value => (typeof value === 'object' && value !== null ? { method: 'lora', ...value } : value),
  adapterMethods,
);

export type AdapterOptions = z.output<typeof adapterMethods>;

const defined = (config: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));

/**
 * The `adapter_config.json` that a recipe asks for.
 *
 * @param base where the model comes from
 */
export function peftConfig(options: AdapterOptions, base: string): Record<string, unknown> {
  return defined({
    base_model_name_or_path: base,
    modules_to_save: options.modulesToSave,
    ...('targets' in options && { target_modules: options.targets }),
    ...('exclude' in options && { exclude_modules: options.exclude }),
    ...('layers' in options && { layers_to_transform: options.layers }),
    ...ownKeys(options),
  });
}

function ownKeys(options: AdapterOptions): Record<string, unknown> {
  switch (options.method) {
    case 'lora': {
      const { r, alpha, rslora, dora, dropout, ranks, alphas, bias, init, trainableTokens } = options;
      return {
        peft_type: 'LORA',
        r,
        lora_alpha: alpha,
        use_rslora: rslora,
        use_dora: dora,
        lora_dropout: dropout,
        rank_pattern: ranks,
        alpha_pattern: alphas,
        bias,
        init_lora_weights: init === 'kaiming' ? true : init,
        trainable_token_indices: trainableTokens,
      };
    }
    case 'ia3':
      return { peft_type: 'IA3', feedforward_modules: options.inputs };
    case 'vera': {
      const { r, key, dropout, initial } = options;
      return { peft_type: 'VERA', r, projection_prng_key: key, vera_dropout: dropout, d_initial: initial };
    }
    case 'loha':
      return { peft_type: 'LOHA', r: options.r, alpha: options.alpha };
    case 'prompt-tuning': {
      const start = options.init === 'words' ? 'SAMPLE_VOCAB' : 'RANDOM';
      return { peft_type: 'PROMPT_TUNING', num_virtual_tokens: options.virtualTokens, prompt_tuning_init: start };
    }
    case 'prefix-tuning':
      return { peft_type: 'PREFIX_TUNING', num_virtual_tokens: options.virtualTokens };
    case 'bottleneck':
      return { peft_type: 'BOTTLENECK', bottleneck_size: options.size, non_linearity: options.activation };
  }
}
