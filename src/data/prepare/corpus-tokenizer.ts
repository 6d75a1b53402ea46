/** The tokenizer of a corpus, where none is given: trained on the training split. */
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../tokenizers/training/train.ts';
import type { Assignment } from './assign.ts';
import type { Preparation } from './preparation.ts';
import { sampleTrainingText } from './tokenizer-sample.ts';

export async function trainCorpusTokenizer(preparation: Preparation, assignment: Assignment): Promise<Tokenizer> {
  const { spool, threads } = preparation;
  const { tokenizerKind: kind, vocabSize, tokenizerSample: maxBytes, seed } = preparation.options;
  preparation.progress('training the tokenizer');
  const trainBytes = assignment.sizes.train.bytes;
  const texts = sampleTrainingText(spool, assignment.documents(), { trainBytes, maxBytes, seed });
  return trainTokenizer(texts, { kind, vocabSize, threads: Math.max(1, threads) });
}
