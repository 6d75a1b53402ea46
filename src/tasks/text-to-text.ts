/**
 * Summaries and translations by an encoder–decoder. What a model wants to read in front of the text follows from its
 * folder: words that name the task (Raffel et al. 2020, "T5"), or a token that names the language (Tiedemann & Thottingal
 * 2020, "OPUS-MT").
 */

import { fromGenerationConfigJson } from '../generate/config/generation-config-json.ts';
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import type { GeneratedText, TextPiece } from '../generate/text.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { streamWriting, type Writing, type WritingOptions, write, writingConfig } from './generation.ts';
import { encodeInputs, type ReadingOptions } from './inputs.ts';
import { checkTask } from './labels.ts';

/** Options of summarization and translation. */
export interface RewritingOptions extends WritingOptions, ReadingOptions {}

export interface TranslationOptions extends RewritingOptions {
  /** Codes as the model knows them: `en`. */
  sourceLanguage?: string;
  targetLanguage?: string;
}

/** A task, and between which languages. */
export interface TextToTextTask extends Pick<TranslationOptions, 'sourceLanguage' | 'targetLanguage'> {
  name: 'summarization' | 'translation';
}

/** What goes in front of each text, and how the model wants to write. */
export interface Instruction {
  prefix: string;
  /** Tokens before those of prefix and text. */
  prefixIds: readonly number[];
  generation: GenerationOptions;
}

/**
 * `numReturnSequences` summaries a text.
 *
 * @throws UserError when the model is no encoder–decoder, or a text is too long for it
 */
export const summarize = (
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: RewritingOptions = {},
): GeneratedText[] =>
  write(model, tokenizer, rewritings(model, tokenizer, texts, { name: 'summarization' }, options), options);

/** `summarize` piece by piece. */
export const streamSummaries = (
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: RewritingOptions = {},
): Generator<TextPiece, void> =>
  streamWriting(model, tokenizer, rewritings(model, tokenizer, texts, { name: 'summarization' }, options), options);

/**
 * `numReturnSequences` translations a text.
 *
 * @throws UserError when the model is no encoder–decoder, does not translate between the languages or has to be told them, or a
 * text is too long for it
 */
export function translate(
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  { sourceLanguage, targetLanguage, ...options }: TranslationOptions = {},
): GeneratedText[] {
  const task = { name: 'translation', sourceLanguage, targetLanguage } as const;
  return write(model, tokenizer, rewritings(model, tokenizer, texts, task, options), options);
}

/** `translate` piece by piece. */
export function streamTranslations(
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  { sourceLanguage, targetLanguage, ...options }: TranslationOptions = {},
): Generator<TextPiece, void> {
  const task = { name: 'translation', sourceLanguage, targetLanguage } as const;
  return streamWriting(model, tokenizer, rewritings(model, tokenizer, texts, task, options), options);
}

function rewritings(
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly string[],
  task: TextToTextTask,
  { truncate, ...options }: RewritingOptions,
): Writing {
  checkTask(model, ['seq2seqLM'], task.name === 'translation' ? 'translate' : 'summarise');
  const { prefix, prefixIds, generation } = instructionFor(model.config, tokenizer, task);
  const prompts = texts.map(text => prefix + text);
  return {
    prompts,
    inputIds: encodeInputs(model, tokenizer, prompts, { prefixIds, truncate }).map(({ ids }) => ids),
    config: writingConfig(tokenizer, options, generation),
  };
}

/**
 * What a model is to be told for a task, by `task_specific_params` of its config.json, the language tokens of its
 * tokenizer, or the languages that its tokenizer_config.json names.
 *
 * @param config config.json
 * @throws UserError when the languages are not the model's, or several could be meant
 */
export function instructionFor(
  config: Record<string, unknown>,
  tokenizer: Tokenizer,
  { name, sourceLanguage: source, targetLanguage: target }: TextToTextTask,
): Instruction {
  const all = (config.task_specific_params ?? {}) as Record<string, Record<string, unknown>>;
  if (name === 'summarization') return instructionOf(all.summarization);
  const pairs = Object.keys(all).filter(key => key.startsWith('translation_'));
  const isMeant = (key: string): boolean => {
    const [, from, to] = /^translation_(.+)_to_(.+)$/.exec(key) ?? [];
    return (source ?? from) === from && (target ?? to) === to;
  };
  const meant = pairs.filter(isMeant);
  if (meant.length === 1) return instructionOf(all[meant[0]]);
  if (pairs.length > 0) {
    throw languageError(
      meant.length > 1 ? 'this model translates between several languages' : noPair(source, target),
      `it has: ${pairs.map(key => key.replace('translation_', '').replace('_to_', ' to ')).join(', ')}`,
    );
  }
  return { prefix: '', prefixIds: languageTokens(tokenizer, source, target), generation: {} };
}

const instructionOf = ({ prefix = '', ...settings }: Record<string, unknown> = {}): Instruction => ({
  prefix: String(prefix),
  prefixIds: [],
  generation: fromGenerationConfigJson(settings, 'config.json: task_specific_params'),
});

/** `>>fra<<` for a model of several target languages; nothing for a model of one pair. */
function languageTokens(tokenizer: Tokenizer, source?: string, target?: string): number[] {
  const token = target === undefined ? undefined : tokenizer.tokenToId(`>>${target}<<`);
  const { source_lang: from = source, target_lang: to } = tokenizer.config;
  const isFrom = source === undefined || source === from;
  if (isFrom && token !== undefined) return [token];
  if (isFrom && (target === undefined || target === to)) return [];
  const known = typeof to === 'string' ? `it translates from ${from} to ${to}` : 'its folder names no languages';
  throw languageError(noPair(source, target), `${known}; leave them out to translate as it does`);
}

const noPair = (source = '…', target = '…'): string =>
  `this model is not known to translate from ${source} to ${target}`;

const languageError = (message: string, hint: string): Error => usageError('TSLM_LANGUAGE', message, hint);
