/** From options to a configuration: what the caller says, then what the model's files say, then Hugging Face's defaults. */
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { checkContradictions } from './contradictions.ts';
import { type GenerationConfig, type GenerationOptions, generationConfigSchema } from './generation-options.ts';

/** The same limit with the prompt and without it. */
const LENGTHS = [
  ['maxLength', 'maxNewTokens'],
  ['minLength', 'minNewTokens'],
] as const;

/**
 * Fills in defaults: first the model's own (its generation_config.json), then Hugging Face's.
 *
 * Throws a usage error for an unknown key, a bad value, a sampling option given by the caller where `doSample` is false
 * or one of beam search where there are no beams (the model's own are simply unused then), for numbers of beams, groups and
 * texts that do not fit each other, and for a length given in two ways.
 *
 * @param options.defaults of the model: `fromGenerationConfigJson`
 * @param options.where first word of error messages
 */
export function resolveGenerationConfig(
  options: GenerationOptions,
  { defaults = {}, where = 'generation' }: { defaults?: GenerationOptions; where?: string } = {},
): GenerationConfig {
  const given = withoutUndefined(options);
  const inherited = withoutUndefined(defaults);
  for (const [total, generated] of LENGTHS) {
    if (total in given && generated in given) {
      throw usageError('TSLM_CONTRADICTION', `${where}: both '${total}' and '${generated}' are given`, 'give only one');
    }
    // What the caller says replaces what the model's file says in the other unit.
    if (total in given) delete inherited[generated];
    if (generated in given) delete inherited[total];
  }
  const config = parseOptions(generationConfigSchema, { ...inherited, ...given }, where);
  checkContradictions(config, given, where);
  return config;
}

function withoutUndefined(options: GenerationOptions): GenerationOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
