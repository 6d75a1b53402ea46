/** From files to a corpus: read, cleaned, deduplicated, split, tokenised. */
import { openCorpus, prepare } from 'tslm';

const { report } = await prepare(['README.md', 'ARCHITECTURE.md'], {
  out: 'corpora/docs',
  vocabSize: 500,
  overwrite: true,
  onProgress: stage => console.error(stage),
});
console.log(`${report.kept.documents} documents kept`);
const { train, validation, test } = openCorpus('corpora/docs').index.splits;
console.log(train.tokens, validation.tokens, test.tokens);
