/** What the tasks that write text have in common: how they are set up, and their texts as pieces or as a whole. */
import { resolveGenerationConfig } from '../generate/config/generation-config.ts';
import type { GenerationConfig, GenerationOptions } from '../generate/config/generation-options.ts';
import {
  type GeneratedText,
  gatherTexts,
  streamTextAfter,
  type TextOptions,
  type TextPiece,
} from '../generate/text.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

export interface WritingOptions extends Omit<TextOptions, 'pixelValues'> {
  /** Sampling, beams, lengths. By default at most 200 tokens, the most probable ones, unless the model's folder says otherwise. */
  generation?: GenerationOptions;
  /** What the model's folder says: `modelGenerationDefaults`. */
  defaults?: GenerationOptions;
}

/** Texts that are to be written. */
export interface Writing {
  /** What each follows or answers. */
  prompts: readonly string[];
  inputIds: readonly (readonly number[])[];
  config: GenerationConfig;
}

/** Most tokens of a text where nobody says. */
const MOST_NEW_TOKENS = 200;

export function writingConfig(
  tokenizer: Tokenizer,
  { generation = {}, defaults = {} }: WritingOptions,
  ofTask: GenerationOptions = {},
): GenerationConfig {
  const inherited = { eosTokenId: tokenizer.eosTokenId ?? null, ...defaults, ...ofTask };
  const isLimited = [generation, inherited].some(({ maxLength, maxNewTokens }) => maxLength ?? maxNewTokens);
  const all = isLimited ? generation : { ...generation, maxNewTokens: MOST_NEW_TOKENS };
  return resolveGenerationConfig(all, { defaults: inherited });
}

/** @throws UserError when the model does not write, or a prompt is empty or does not fit it */
export function* streamWriting(
  model: Model,
  tokenizer: Tokenizer,
  { inputIds, config }: Writing,
  { generation: _, defaults: __, ...options }: WritingOptions,
): Generator<TextPiece, void> {
  yield* streamTextAfter(model, tokenizer, { inputIds }, config, options);
}

/** `streamWriting` to its end. */
export const write = (model: Model, tokenizer: Tokenizer, writing: Writing, options: WritingOptions): GeneratedText[] =>
  gatherTexts(streamWriting(model, tokenizer, writing, options), writing.prompts, writing.config);
