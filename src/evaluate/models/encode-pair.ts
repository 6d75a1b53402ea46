/** Context and continuation as tokens, as lm-evaluation-harness cuts them (`_encode_pair` of its Hugging Face models). */
import { UserError, usageError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { stripEnd } from '../metrics/words.ts';
import type { LoglikelihoodRequest } from './evaluated-model.ts';

export interface EncodedPair {
  context: number[];
  continuation: number[];
}

/** White space at the end of a context belongs to the continuation, whose first token then begins with it. */
export function moveSpace({ context, continuation }: LoglikelihoodRequest): LoglikelihoodRequest {
  const kept = stripEnd(context);
  return { context: kept, continuation: context.slice(kept.length) + continuation };
}

/** What stands in front of a text that has no context: the start token, the end of another text, or BERT's `[CLS]`. */
export function prefixTokenId(tokenizer: Tokenizer): number {
  const id = tokenizer.bosTokenId ?? tokenizer.eosTokenId ?? tokenizer.specialTokensAround().before.at(-1);
  if (id !== undefined) return id;
  throw new UserError('TSLM_NO_START_TOKEN', 'the tokenizer has neither a start token nor an end token', {
    hint: 'a text without context follows one of them: name bos_token or eos_token in tokenizer_config.json',
  });
}

/**
 * Ids with the special tokens that the tokenizer puts in front; a start token that the text begins with is not added again. What
 * it puts behind a text is left out, since a continuation follows.
 */
export function encodeContext(tokenizer: Tokenizer, text: string): number[] {
  const bos = tokenizer.bosTokenId;
  const hasStart = bos !== undefined && text.startsWith(tokenizer.idToToken(bos)!);
  const { ids } = tokenizer.encode(text, { addSpecialTokens: !hasStart });
  return hasStart ? ids : ids.slice(0, ids.length - tokenizer.specialTokensAround().after.length);
}

/**
 * The continuation's tokens are those of both texts together beyond the number that the context has alone. An empty context is
 * the prefix token.
 *
 * @param number of the request, from 1
 * @throws UserError when there is nothing before the continuation, or nothing of it
 */
export function encodePair(tokenizer: Tokenizer, request: LoglikelihoodRequest, number: number): EncodedPair {
  const pair = pairOf(tokenizer, request);
  if (pair.context.length > 0 && pair.continuation.length > 0) return pair;
  const what =
    pair.continuation.length === 0
      ? 'the continuation has no tokens of its own: it is empty, or melts into the last one of its context'
      : 'nothing but white space stands before the continuation, and the tokenizer adds no start token';
  throw usageError(
    'TSLM_EMPTY_CONTINUATION',
    `request ${number} (${JSON.stringify(request.continuation.slice(0, 40))}): ${what}`,
    'change the target or its delimiter in the task',
  );
}

function pairOf(tokenizer: Tokenizer, request: LoglikelihoodRequest): EncodedPair {
  if (request.context === '') {
    const prefix = prefixTokenId(tokenizer);
    const { ids } = tokenizer.encode(request.continuation, { addSpecialTokens: false });
    return ids[0] === prefix
      ? { context: ids.slice(0, 1), continuation: ids.slice(1) }
      : { context: [prefix], continuation: ids };
  }
  const { context, continuation } = moveSpace(request);
  const before = encodeContext(tokenizer, context);
  return { context: before, continuation: encodeContext(tokenizer, context + continuation).slice(before.length) };
}
