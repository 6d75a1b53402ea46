/** The logits processors of a generation configuration, in the order of Transformers. */
import { constrain } from '../../constrain/constrain.ts';
import type { Constraint } from '../../constrain/constraint.ts';
import { UserError } from '../../support/errors.ts';
import * as processors from '../logits-processors/index.ts';
import { type GenerationConfig, maxLengthOf } from './generation-options.ts';

/** What the processors have to know beside the configuration. */
export interface GenerationContext {
  /** Tokens in the prompt (1 for an encoder–decoder model: its start token). */
  promptLength: number;
  /** The encoder's input, for the options that speak of it; a decoder's own prompt, as in Hugging Face. */
  encoderInputIds?: ArrayLike<number>;
  /** The only tokens allowed after a text; must return at least one. */
  prefixAllowedTokens?: (inputIds: ArrayLike<number>) => ArrayLike<number>;
  /** What the text must follow. */
  constraint?: Constraint;
  /** Keeps sampled text UTF-8: see `wholeCharacters`. */
  wholeCharacters?: processors.LogitsProcessor;
  /** Tokens that every filter keeps; default 1. Sampling with beams needs 1 + the number of end-of-sequence ids. */
  minTokensToKeep?: number;
  /** What keeps groups of beams apart. */
  diversity?: processors.LogitsProcessor;
}

/**
 * The processors that a configuration asks for, in Hugging Face's order (transformers, `_get_logits_processor`):
 * biases, penalties and bans, lengths, forced tokens, then the filters of sampling. The two penalties of OpenAI's API
 * follow the repetition penalty. Empty for plain greedy decoding and for sampling from the untouched distribution.
 */
export function logitsProcessorsFor(
  config: GenerationConfig,
  context: GenerationContext,
): processors.LogitsProcessor[] {
  const { promptLength, encoderInputIds, prefixAllowedTokens, constraint, minTokensToKeep = 1, diversity } = context;
  const eos = config.eosTokenId;
  const encoderIds = (option: string): ArrayLike<number> => {
    if (encoderInputIds) return encoderInputIds;
    throw new UserError('TSLM_NO_ENCODER', `'${option}' speaks of the input's tokens, and there are none`, {
      hint: `leave out '${option}'`,
    });
  };
  const chain: (processors.LogitsProcessor | false | undefined)[] = [
    config.sequenceBias.length > 0 && processors.sequenceBias(config.sequenceBias),
    diversity,
    config.encoderRepetitionPenalty !== 1 &&
      processors.encoderRepetitionPenalty(config.encoderRepetitionPenalty, encoderIds('encoderRepetitionPenalty')),
    config.repetitionPenalty !== 1 && processors.repetitionPenalty(config.repetitionPenalty),
    config.presencePenalty !== 0 && processors.presencePenalty(config.presencePenalty, { promptLength }),
    config.frequencyPenalty !== 0 && processors.frequencyPenalty(config.frequencyPenalty, { promptLength }),
    config.noRepeatNgramSize > 0 && processors.noRepeatNgram(config.noRepeatNgramSize),
    config.encoderNoRepeatNgramSize > 0 &&
      processors.encoderNoRepeatNgram(config.encoderNoRepeatNgramSize, encoderIds('encoderNoRepeatNgramSize')),
    config.badWordsIds.length > 0 && processors.badWords(config.badWordsIds, eos),
    config.minLength > 0 && processors.minLength(config.minLength, eos),
    config.minNewTokens > 0 && processors.minNewTokens(config.minNewTokens, eos, promptLength),
    prefixAllowedTokens && processors.prefixAllowed(prefixAllowedTokens),
    constraint && constrain(constraint, beginIndex(), eos, maxLengthOf(config, promptLength)),
    config.forcedBosTokenId !== undefined && processors.forcedBos(config.forcedBosTokenId),
    config.forcedEosTokenId.length > 0 &&
      processors.forcedEos(config.forcedEosTokenId, maxLengthOf(config, promptLength)),
    config.removeInvalidValues && processors.infNanRemove(),
    config.exponentialDecayLengthPenalty &&
      processors.exponentialDecayLength(config.exponentialDecayLengthPenalty, eos, promptLength),
    config.suppressTokens.length > 0 && processors.suppressTokens(config.suppressTokens),
    config.beginSuppressTokens.length > 0 && processors.beginSuppress(config.beginSuppressTokens, beginIndex()),
    // What is most probable is not changed; a constraint knows what bytes may follow.
    config.doSample && constraint === undefined && context.wholeCharacters,
    ...(config.doSample ? samplingFilters(config, minTokensToKeep) : []),
    config.renormalizeLogits && processors.renormalize(),
  ];
  return chain.filter(processor => typeof processor === 'function');

  /** A forced first token comes before the text that bans and constraints are meant for. */
  function beginIndex(): number {
    return promptLength > 1 || config.forcedBosTokenId === undefined ? promptLength : promptLength + 1;
  }
}

function samplingFilters(config: GenerationConfig, minTokensToKeep: number): (processors.LogitsProcessor | false)[] {
  const options = { minTokensToKeep };
  return [
    config.temperature !== 1 && processors.temperature(config.temperature),
    config.topK > 0 && processors.topK(config.topK, options),
    config.topP < 1 && processors.topP(config.topP, options),
    config.minP !== undefined && processors.minP(config.minP, options),
    config.typicalP < 1 && processors.typical(config.typicalP, options),
    config.epsilonCutoff > 0 && processors.epsilonCutoff(config.epsilonCutoff, options),
    config.etaCutoff > 0 && processors.etaCutoff(config.etaCutoff, options),
  ];
}
