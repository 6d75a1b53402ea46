/** What follows each prompt. */
import type { GeneratedText, TextPiece } from '../generate/text.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { streamWriting, type Writing, type WritingOptions, write, writingConfig } from './generation.ts';

/**
 * `numReturnSequences` texts a prompt, the prompts in their order.
 *
 * @throws UserError when the model does not write, or a prompt is empty or does not fit it
 */
export const continueTexts = (
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  options: WritingOptions = {},
): GeneratedText[] => write(model, tokenizer, continuations(tokenizer, prompts, options), options);

/** `continueTexts` piece by piece. */
export const streamContinuations = (
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  options: WritingOptions = {},
): Generator<TextPiece, void> => streamWriting(model, tokenizer, continuations(tokenizer, prompts, options), options);

const continuations = (tokenizer: Tokenizer, prompts: readonly string[], options: WritingOptions): Writing => ({
  prompts,
  inputIds: prompts.map(prompt => tokenizer.encode(prompt).ids),
  config: writingConfig(tokenizer, options),
});
