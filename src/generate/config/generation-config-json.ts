/** Hugging Face's generation_config.json, as transformers 4 and 5 write it. */
import { UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { knownKeys, parseOptions } from '../../support/schema.ts';
import { type GenerationOptions, generationConfigSchema } from './generation-options.ts';

/** Keys that are ours alone: a file of Hugging Face's never has them. */
const OURS = ['seed', 'presencePenalty', 'frequencyPenalty'];

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const snakeCase = (key: string): string => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

const READ = new Set(
  knownKeys(generationConfigSchema)
    .filter(key => !OURS.includes(key))
    .map(snakeCase),
);

/** Bookkeeping, how results are returned, and how memory is managed: nothing here changes which tokens are generated. */
const HARMLESS = new Set([
  '_from_model_config',
  '_commit_hash',
  '_original_object_hash',
  'transformers_version',
  'use_cache',
  'cache_implementation',
  'cache_config',
  'return_legacy_cache',
  'prefill_chunk_size',
  'low_memory',
  'compile_config',
  'disable_compile',
  'output_attentions',
  'output_hidden_states',
  'output_scores',
  'output_logits',
  'return_dict_in_generate',
  'generation_kwargs',
  // Of an assistant with another tokenizer, and of a model that is one.
  'is_assistant',
  'assistant_lookbehind',
  'assistant_ensemble',
  'target_lookbehind',
  // Written by some model families for their own chat code.
  'auto_map',
  'chat_format',
  'max_window_size',
  'user_token_id',
  'assistant_token_id',
]);

/** What is not offered, and the values that do not ask for it. */
const REFUSED: Record<string, readonly unknown[]> = {
  dola_layers: [],
  constraints: [],
  forced_decoder_ids: [],
  token_healing: [false],
  watermarking_config: [],
  assistant_early_exit: [],
};

/**
 * The options that a generation_config.json asks for. A key that is null counts as absent, as in transformers 5.
 * Throws for an unknown key, and for a key of something that is not offered when it has another value than the default.
 */
export function fromGenerationConfigJson(json: unknown, where = 'generation_config.json'): GenerationOptions {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw usageError('TSLM_BAD_VALUE', `${where}: expected an object`);
  }
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (value === null || HARMLESS.has(key)) continue;
    if (key === 'sequence_bias') options.sequenceBias = sequenceBiasPairs(value);
    else if (READ.has(key)) options[camelCase(key)] = value;
    else if (!(key in REFUSED)) throw unknownKey(key, where);
    else if (!REFUSED[key].includes(value)) {
      throw new UserError(
        'TSLM_NOT_SUPPORTED',
        `${where}: '${key}' is ${JSON.stringify(value)}, which is not supported`,
        {
          hint: `remove '${key}' from the file to generate without it`,
        },
      );
    }
  }
  parseOptions(generationConfigSchema, options, where);
  return options;
}

/**
 * The same from a config.json, where models kept such options before they had a file of their own: on top, or with the
 * decoder that generates. Other keys are left to the model's family.
 */
export function fromModelConfigJson(json: Record<string, unknown>, where = 'config.json'): GenerationOptions {
  const ofDecoder = typeof json.decoder === 'object' && json.decoder !== null ? json.decoder : {};
  const own = Object.entries(json).filter(([, value]) => value !== null);
  const options = Object.entries({ ...ofDecoder, ...Object.fromEntries(own) }).filter(
    // 20 is what Transformers wrote where nobody had asked for a length.
    ([key, value]) => READ.has(key) && !(key === 'max_length' && value === 20),
  );
  return fromGenerationConfigJson(Object.fromEntries(options), where);
}

/** Transformers wrote a dictionary keyed by tuples until it learnt that JSON has none; now it writes pairs. */
function sequenceBiasPairs(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value).map(([tuple, bias]) => [(tuple.match(/\d+/g) ?? []).map(Number), bias]);
}

function unknownKey(key: string, where: string): Error {
  const guess = nearest(key, [...READ, ...HARMLESS, ...Object.keys(REFUSED)]);
  return usageError(
    'TSLM_UNKNOWN_KEY',
    `${where}: unknown key '${key}'`,
    guess === undefined ? 'remove the key from the file' : `did you mean '${guess}'?`,
  );
}
