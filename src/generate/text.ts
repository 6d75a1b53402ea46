/** Generation from text to text, in pieces as they come: never half a character, never a part of a stop string. */
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Tensor } from '../torch/index.ts';
import type { GenerationConfig } from './config/generation-options.ts';
import { generate } from './generate.ts';
import type { GenerateOptions } from './generate-options.ts';
import type { GeneratedToken } from './generated-token.ts';
import type { GenerationInputs } from './prompt/generation-inputs.ts';
import type { TextEnd } from './stopping.ts';
import { createGrowingText, holdsStopString } from './text-stream.ts';
import { wholeCharacters } from './whole-characters.ts';

export interface TextPiece {
  /** Which text it belongs to: `numReturnSequences` for the first prompt, as many for the second, and so on. */
  row: number;
  /** May be empty: a token that ends inside a character, or may begin a stop string, shows nothing yet. */
  text: string;
  token: GeneratedToken;
  /** Where tokens are drawn: the seed that draws this text again, alone. */
  seed?: number;
}

export interface GeneratedText {
  prompt: string;
  /** What was generated, without the prompt, without stop strings and special tokens. */
  text: string;
  ids: number[];
  stop: TextEnd;
  /** Of beam search: sum of log-probabilities / tokens ** lengthPenalty. */
  score?: number;
  /** Where tokens were drawn: the seed that draws this text again, alone. */
  seed?: number;
}

export interface TextOptions
  extends Pick<
    GenerateOptions,
    'logProbs' | 'prefixAllowedTokens' | 'constraint' | 'assistant' | 'onGuesses' | 'negativePrompts'
  > {
  /** [batch, channels, height, width]: images in place of prompts, for a model that reads such. */
  pixelValues?: Tensor;
}

/**
 * Streams what follows each prompt: its continuation, or an encoder–decoder's answer. Beam search decides late: all its
 * pieces come at the end.
 *
 * @param prompts none where `pixelValues` are given
 * @throws UserError when a prompt is empty or does not fit the model's context
 */
export function* streamText(
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  config: GenerationConfig,
  { pixelValues, ...options }: TextOptions = {},
): Generator<TextPiece, void> {
  const inputIds = pixelValues ? undefined : prompts.map(prompt => tokenizer.encode(prompt).ids);
  yield* streamTextAfter(model, tokenizer, { inputIds, pixelValues }, config, options);
}

/**
 * `streamText` after tokens.
 *
 * @param options.decodedAfter tokens that the answers' text is taken to follow: some tokenizers take a space off the front
 */
export function* streamTextAfter(
  model: Model,
  tokenizer: Tokenizer,
  inputs: GenerationInputs,
  config: GenerationConfig,
  { decodedAfter = [], ...options }: Omit<TextOptions, 'pixelValues'> & { decodedAfter?: readonly number[] } = {},
): Generator<TextPiece, void> {
  const count = (inputs.pixelValues?.size(0) ?? inputs.inputIds!.length) * config.numReturnSequences;
  const texts = Array.from({ length: count }, () => createGrowingText(tokenizer, config.stopStrings, decodedAfter));
  const stopAfter = (row: number, id: number): 'stopString' | undefined => texts[row].accept(id);
  const isComplete = (generated: readonly number[]): boolean =>
    holdsStopString(tokenizer, generated, config.stopStrings);
  const whole = wholeCharacters(tokenizer);
  for (const tokens of generate(model, inputs, config, { wholeCharacters: whole, ...options, stopAfter, isComplete })) {
    for (const token of tokens) {
      const text = texts[token.row].shown(token.stop !== undefined);
      yield { row: token.row, text, token, ...(config.doSample && { seed: seedOf(token.row, config) }) };
    }
  }
}

/** Each draw has a seed of its own; those of beam search are made for all texts of a prompt together. */
const seedOf = (row: number, { seed, numBeams, numReturnSequences }: GenerationConfig): number =>
  seed + (numBeams > 1 ? Math.floor(row / numReturnSequences) : row);

/** `streamText` to its end: `numReturnSequences` texts a prompt, the prompts in their order. */
export function generateText(
  model: Model,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  config: GenerationConfig,
  options: TextOptions = {},
): GeneratedText[] {
  return gatherTexts(streamText(model, tokenizer, prompts, config, options), prompts, config);
}

/** The texts that pieces make up, `numReturnSequences` a prompt. */
export function gatherTexts(
  pieces: Iterable<TextPiece>,
  prompts: readonly string[],
  { numReturnSequences }: GenerationConfig,
): GeneratedText[] {
  const results: GeneratedText[] = [];
  for (const { row, text, token, seed } of pieces) {
    const prompt = prompts[Math.floor(row / numReturnSequences)] ?? '';
    results[row] ??= { prompt, text: '', ids: [], stop: 'maxLength', ...(seed !== undefined && { seed }) };
    results[row].text += text;
    results[row].ids.push(token.id);
    if (token.stop) results[row].stop = token.stop;
    if (token.score !== undefined) results[row].score = token.score;
  }
  return results.filter(result => result !== undefined);
}
