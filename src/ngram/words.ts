/** Between the ids of a stored model and text: the spelling of its tokens, and text that it makes up. */
import { UserError } from '../support/errors.ts';
import { createRandom } from '../support/random.ts';
import type { StoredNgram } from './storage.ts';

/** Tokens by id: words, or the tokenizer's tokens; ids without a spelling are written `[17]`. */
export function wordsOf({ model, lexicon, tokenizer }: StoredNgram): readonly string[] {
  if (lexicon) return lexicon.words;
  const known = tokenizer?.();
  return Array.from({ length: model.vocabulary.size }, (_, id) => known?.idToToken(id) ?? `[${id}]`);
}

/**
 * Continues a document.
 *
 * @param prompt its beginning, may be empty
 * @param options.temperature default 1; see `NgramModel.sample`
 * @returns the new text alone, and how many tokens it has, the end of the document included
 * @throws UserError for a model of token ids without a tokenizer
 */
export function continueText(
  { model, lexicon, tokenizer, provenance }: StoredNgram,
  prompt: string,
  { maxTokens, seed, temperature }: { maxTokens: number; seed: number; temperature?: number },
): { text: string; tokens: number } {
  const random = createRandom(seed);
  if (lexicon) {
    const tokens = [...model.generate(lexicon.encodePrompt(prompt), { maxTokens, random, temperature })];
    const glue = lexicon.units === 'words' && prompt !== '' && !/\s$/.test(prompt) ? ' ' : '';
    return { text: glue + lexicon.decode(tokens), tokens: tokens.length };
  }
  if (!tokenizer) {
    throw new UserError('TSLM_NGRAM_TOKENIZER', `the model of ${provenance.source} has no tokenizer for text`, {
      hint: 'put the tokenizer.json of its corpus into the model directory',
    });
  }
  const known = tokenizer();
  const ids = known.encodeIds(prompt);
  const stream = known.decodeStream({ skipSpecialTokens: true });
  for (const id of ids) stream.push(id);
  const tokens = [...model.generate(ids, { maxTokens, random, temperature })];
  return { text: tokens.map(id => stream.push(id)).join('') + stream.end(), tokens: tokens.length };
}
