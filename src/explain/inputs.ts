/** What is looked at inside a model: the tokens of a text, and what an encoder–decoder writes about it. */

import { resolveGenerationConfig } from '../generate/config/generation-config.ts';
import { generate } from '../generate/generate.ts';
import { contextOf } from '../generate/prompt/prompts.ts';
import { int64 } from '../generate/sessions/session.ts';
import { Decoder } from '../models/decoder.ts';
import { Encoder } from '../models/encoder.ts';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import type { Backbone, Model } from '../models/model.ts';
import type { Stack } from '../models/stack.ts';
import { UserError, usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { scope, type Tensor } from '../torch/index.ts';

/** Most tokens of an answer that a decoder is asked for where none is given. */
const ANSWER_TOKENS = 32;

/** The layers of a decoder or an encoder; XLNet's two streams have none of this kind. */
export const stackOf = (backbone: Backbone): Stack | undefined =>
  backbone instanceof Decoder || backbone instanceof Encoder ? backbone.stack : undefined;

/** int64 [1, time] */
export const idTensor = ({ device }: Model, ids: readonly number[]): Tensor => int64(ids, [1, ids.length], device);

/** @throws UserError when the model reads images, or the text is empty or longer than the model reads */
export function inputIdsOf({ backbone, family }: Model, tokenizer: Tokenizer, text: string): number[] {
  const reader = backbone.reader;
  if (reader instanceof Encoder && !('word' in reader.embeddings)) {
    throw new UserError('TSLM_READS_IMAGES', `this ${family.modelType} model reads images, not text`, {
      hint: 'use a model of text',
    });
  }
  return checked(tokenizer.encode(text).ids, contextOf(reader, {}), 'the text');
}

/**
 * What the decoder of an encoder–decoder reads: its start token, then the target, or what it would answer by itself.
 *
 * @throws UserError when the target is empty or longer than the model writes
 */
export function decoderIds(model: Model, tokenizer: Tokenizer, ids: readonly number[], target?: string): number[] {
  const backbone = model.backbone as EncoderDecoder;
  const written = target === undefined ? answerTo(model, tokenizer, ids) : tokenizer.encode(target).ids;
  const labels = checked(written, contextOf(backbone.decoder, {}), 'the target');
  return scope(() => backbone.shiftRight(idTensor(model, labels)).toNumbers());
}

function answerTo(model: Model, tokenizer: Tokenizer, ids: readonly number[]): number[] {
  const eosTokenId = (model.config.eos_token_id as number | number[] | undefined) ?? tokenizer.eosTokenId ?? null;
  const config = resolveGenerationConfig({ maxNewTokens: ANSWER_TOKENS, eosTokenId });
  return [...generate(model, [ids], config)].flatMap(tokens => tokens.map(({ id }) => id));
}

function checked(ids: number[], context: number, what: string): number[] {
  if (ids.length > 0 && ids.length <= context) return ids;
  throw usageError(
    ids.length === 0 ? 'TSLM_EMPTY_INPUT' : 'TSLM_TOO_LONG',
    ids.length === 0 ? `${what} has no tokens` : `${what} has ${ids.length} tokens, the model reads ${context}`,
    ids.length === 0 ? 'give at least one word' : 'shorten it',
  );
}
