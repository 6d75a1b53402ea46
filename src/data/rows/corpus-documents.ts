/** Documents of a corpus as rows of sentences, found by Unicode's rules (UAX 29) in the text that their tokens stand for. */
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { CorpusSplit } from '../corpus/corpus-split.ts';
import type { Dataset } from './dataset.ts';
import type { Rows, Tokens } from './rows.ts';

/** Documents whose sentences are remembered: partners of a pair are drawn again and again. */
const REMEMBERED = 1024;

/**
 * @param options.limit most documents, spread evenly; 0 or none: all
 * @param options.locale whose rules decide where sentences end. Default: English, whose rules know Chinese full stops too
 */
export function corpusDocuments(
  split: CorpusSplit,
  tokenizer: Tokenizer,
  { limit = 0, locale = 'en' }: { limit?: number; locale?: string } = {},
): Dataset<Rows['document']> {
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const length = limit > 0 ? Math.min(limit, split.documents) : split.documents;
  const known = new Map<number, Tokens[]>();
  const sentencesOf = (index: number): Tokens[] => {
    const found = known.get(index);
    if (found) return found;
    const text = tokenizer.decode(split.document(Math.floor((index * split.documents) / length)), {
      skipSpecialTokens: true,
    });
    const sentences = [...segmenter.segment(text)]
      .map(({ segment }) => segment.trim())
      .filter(sentence => sentence !== '')
      .map(sentence => Uint32Array.from(tokenizer.encode(sentence, { addSpecialTokens: false }).ids))
      .filter(ids => ids.length > 0);
    if (known.size === REMEMBERED) known.delete(known.keys().next().value!);
    known.set(index, sentences);
    return sentences;
  };
  return {
    length,
    row: index => ({ sentences: sentencesOf(index), index }),
    fingerprint: split.fingerprint,
  };
}
