/**
 * Documents of a corpus as rows of sentences: those that `prepare --sentences` recorded, which are the document's tokens as they
 * are; of a corpus without them those found in the text that the tokens stand for, each encoded by itself.
 */
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { CorpusSplit } from '../corpus/corpus-split.ts';
import { sentenceStarts } from '../sentences.ts';
import type { Dataset } from './dataset.ts';
import type { Rows, Tokens } from './rows.ts';

/** Documents whose sentences are remembered: partners of a pair are drawn again and again. */
const REMEMBERED = 1024;

/**
 * @param options.limit most documents, spread evenly; 0 or none: all
 */
export function corpusDocuments(
  split: CorpusSplit,
  tokenizer: Tokenizer,
  { limit = 0 }: { limit?: number } = {},
): Dataset<Rows['document']> {
  const length = limit > 0 ? Math.min(limit, split.documents) : split.documents;
  const known = new Map<number, readonly Tokens[]>();
  const sentencesOf = (index: number): readonly Tokens[] => {
    const found = known.get(index);
    if (found) return found;
    const document = Math.floor((index * split.documents) / length);
    const sentences = split.documentSentences(document) ?? foundSentences(split.document(document), tokenizer);
    if (known.size === REMEMBERED) known.delete(known.keys().next().value!);
    known.set(index, sentences);
    return sentences;
  };
  return {
    length,
    row: index => ({ sentences: sentencesOf(index), index }),
    fingerprint: split.sentencesFingerprint,
  };
}

function foundSentences(tokens: Tokens, tokenizer: Tokenizer): Tokens[] {
  const text = tokenizer.decode(tokens, { skipSpecialTokens: true });
  // English rules know Chinese full stops too.
  const starts = sentenceStarts(text, 'en');
  return starts
    .map((start, i) => text.slice(start, starts[i + 1]).trim())
    .filter(sentence => sentence !== '')
    .map(sentence => Uint32Array.from(tokenizer.encode(sentence, { addSpecialTokens: false }).ids))
    .filter(ids => ids.length > 0);
}
