/**
 * How well documents answer a query: read together by a cross-encoder (Nogueira & Cho 2019), or each by itself, by the
 * likeness of their vectors, where the model is none.
 */
import { labelCount } from '../models/config/keys.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { EmbeddingOptions } from './embeddings.ts';
import { countTokens, encodeInputs, inBatches } from './inputs.ts';
import { type Similarities, similarities } from './similarity.ts';
import { rowsOf } from './text-classification.ts';

/**
 * Scores in the order of the documents, higher for more relevant ones. A cross-encoder with one label gives its sigmoid,
 * one with two the probability of the second; other models the cosine.
 *
 * @param options how vectors are made where it is none
 * @throws UserError when an input is empty or too long
 */
export function rerank(
  model: Model,
  tokenizer: Tokenizer,
  query: string,
  documents: readonly string[],
  options: Pick<EmbeddingOptions, 'pooling' | 'truncate'> = {},
): Similarities {
  if (!isCrossEncoder(model)) return similarities(model, tokenizer, query, documents, options);
  const encoded = encodeInputs(
    model,
    tokenizer,
    documents.map(document => [query, document] as const),
    { truncate: options.truncate },
  );
  const scores = inBatches(model, encoded, ({ inputs }) => {
    const logits = model.forward(inputs).logits!;
    const relevance = logits.size(-1) === 1 ? logits.sigmoid() : logits.softmax(-1);
    return rowsOf(relevance).map(row => row.at(-1)!);
  });
  return { scores, tokens: countTokens(encoded) };
}

/** A classifier of pairs whose labels say relevant or not. */
export function isCrossEncoder({ task, config }: Model): boolean {
  return task === 'sequenceClassification' && labelCount(config) <= 2;
}
