/** N-gram language models: training, scoring, sampling, storage and exchange as ARPA files. */
export { readArpa } from './arpa-read.ts';
export { writeArpa } from './arpa-write.ts';
export type { Discounts, Smoothing } from './discounts.ts';
export { evaluateNgram, type NgramEvaluation } from './evaluate.ts';
export type { KneserNeyOptions, LevelReport } from './kneser-ney.ts';
export { NgramModel, type NgramScore, type NgramState } from './model.ts';
export { loadNgram, type NgramProvenance, type StoredNgram, saveNgram } from './storage.ts';
export { Lexicon, type TextUnits } from './text.ts';
export { type NgramTrainingOptions, trainNgram } from './train.ts';
export { type NgramDataOptions, trainNgramOn } from './train-files.ts';
export { type NgramVocabulary, tokenVocabulary } from './vocabulary.ts';
export { continueText, wordsOf } from './words.ts';
