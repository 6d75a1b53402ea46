/** Generation from text to text, in pieces as they come: never half a character, never a part of a stop string. */
import type { Decoder } from '../models/decoder.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type GeneratedToken, type GenerateOptions, generate } from './generate.ts';
import type { GenerationConfig } from './generation-config.ts';
import { createStopStringMatcher } from './stopping.ts';

export interface TextPiece {
  /** Which prompt it continues. */
  row: number;
  /** May be empty: a token that ends inside a character, or may begin a stop string, shows nothing yet. */
  text: string;
  token: GeneratedToken;
}

export interface GeneratedText {
  prompt: string;
  /** What was generated, without the prompt, without stop strings and special tokens. */
  text: string;
  ids: number[];
  stop: NonNullable<GeneratedToken['stop']>;
}

/**
 * Streams the continuation of each prompt.
 *
 * @throws UserError when a prompt is empty or does not fit the model's context
 */
export function* streamText(
  model: Decoder,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  config: GenerationConfig,
  options: Omit<GenerateOptions, 'stopAfter'> = {},
): Generator<TextPiece, void> {
  const rows = prompts.map(() => ({
    decoder: tokenizer.decodeStream({ skipSpecialTokens: true }),
    matcher: createStopStringMatcher(config.stopStrings),
    shown: '',
  }));
  const stopAfter = (index: number, id: number): 'stopString' | undefined => {
    const row = rows[index];
    row.shown = row.matcher.push(row.decoder.push(id));
    return row.matcher.stopped === undefined ? undefined : 'stopString';
  };
  const ids = prompts.map(prompt => tokenizer.encode(prompt).ids);
  for (const tokens of generate(model, ids, config, { ...options, stopAfter })) {
    for (const token of tokens) {
      const { decoder, matcher, shown } = rows[token.row];
      const ended = token.stop !== undefined && matcher.stopped === undefined;
      const text = ended ? shown + matcher.push(decoder.end()) + matcher.flush() : shown;
      yield { row: token.row, text, token };
    }
  }
}

/** `streamText` to its end. */
export function generateText(
  model: Decoder,
  tokenizer: Tokenizer,
  prompts: readonly string[],
  config: GenerationConfig,
  options: Omit<GenerateOptions, 'stopAfter'> = {},
): GeneratedText[] {
  const results = prompts.map((prompt): GeneratedText => ({ prompt, text: '', ids: [], stop: 'maxLength' }));
  for (const { row, text, token } of streamText(model, tokenizer, prompts, config, options)) {
    results[row].text += text;
    results[row].ids.push(token.id);
    if (token.stop) results[row].stop = token.stop;
  }
  return results;
}
