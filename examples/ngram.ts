/** A Kneser–Ney model of the same corpus, and how well it predicts. */
import { evaluateNgram, trainNgramOn } from 'tslm/ngram';

const model = await trainNgramOn('corpora/docs', { order: 3 }); // prepare-corpus.ts
const { perplexity, bitsPerByte } = await evaluateNgram(model, 'corpora/docs', { split: 'test' });
console.log(perplexity, bitsPerByte);
