/** (IA)³ in PEFT's files: which layers are rescaled, and which of them on their input. */
import { z } from 'zod';
import { Ia3, initOnes, Linear } from '../../../nn/index.ts';
import { usageError } from '../../../support/errors.ts';
import { regex } from '../targets.ts';
import { layerKeys, type Method, orientation } from './method.ts';

const schema = z.strictObject({
  ...layerKeys,
  peft_type: z.literal('IA3'),
  /** Of the targets those that are rescaled on their input. */
  feedforward_modules: z.union([z.array(z.string()), z.string()]).nullish(),
  init_ia3_weights: z.boolean().default(true),
  fan_in_fan_out: orientation,
});

type Ia3Config = z.output<typeof schema>;

/** PEFT's choice for families: keys and values, and the second map of the feed-forward network on its input. */
const families: [models: string[], targets: string[], inputs: string[]][] = [
  [['gpt2'], ['c_attn', 'mlp.c_proj'], ['mlp.c_proj']],
  [['bert', 'roberta', 'xlm-roberta', 'camembert', 'electra'], ['key', 'value', 'output.dense'], ['output.dense']],
  [['llama', 'mistral'], ['k_proj', 'v_proj', 'down_proj'], ['down_proj']],
  [['qwen2', 'qwen3', 'gemma2', 'gemma3_text'], ['q_proj', 'v_proj', 'down_proj'], ['down_proj']],
  [['bloom'], ['query_key_value', 'mlp.dense_4h_to_h'], ['mlp.dense_4h_to_h']],
  [['bart', 'marian'], ['q_proj', 'v_proj', 'fc2'], ['fc2']],
  [['t5'], ['k', 'v', 'wo'], ['wo']],
  [['mt5'], ['k', 'v', 'wi_1'], []],
];

const isOnInput = (name: string, { feedforward_modules: modules }: Ia3Config): boolean =>
  typeof modules === 'string'
    ? regex(`^(?:${modules})$`, 'feedforward_modules').test(name)
    : (modules ?? []).some(end => name.endsWith(end));

export const ia3: Method<Ia3Config> = {
  schema,
  complete(config, { family: { modelType } }) {
    if (config.target_modules !== undefined) return config;
    const known = families.find(([models]) => models.includes(modelType));
    if (known) return { ...config, target_modules: known[1], feedforward_modules: known[2] };
    throw usageError(
      'TSLM_BAD_ADAPTER',
      `'adapter.targets': which layers (IA)³ rescales in a ${modelType} model is to be said`,
      "name those of keys and values, and the second of the feed-forward network, and the latter in 'inputs', too",
    );
  },
  adapt({ name, layer }, config) {
    if (layer instanceof Linear) return new Ia3(layer, { isOnInput: isOnInput(name, config) });
    throw usageError('TSLM_BAD_ADAPTER', `(IA)³ rescales linear maps, and '${name}' is a table`, 'leave it out');
  },
  start: adapter => initOnes((adapter as Ia3).factors),
};
