/** The library: every stage as a function, and the floors under them. */
export { openCorpus } from './data/corpus.ts';
export { prepare } from './data/prepare.ts';
export { perplexity } from './evaluate/perplexity.ts';
export { generate } from './generate/generate.ts';
export { resolveGenerationConfig } from './generate/generation-config.ts';
export { generateText, streamText } from './generate/text.ts';
export { createModel, type LanguageModel, loadModel, modelFolder, saveModel } from './models/auto.ts';
export { Decoder } from './models/decoder.ts';
export { evaluateNgram, loadNgram, saveNgram, trainNgramOn } from './models/ngram/index.ts';
export * from './nn/index.ts';
export { UserError } from './support/errors.ts';
export { version } from './support/version.ts';
export { Tokenizer } from './tokenizers/tokenizer.ts';
export { trainTokenizer } from './tokenizers/training/train.ts';
export * from './torch/index.ts';
export { adamW } from './train/adamw.ts';
export { readRecipe } from './train/recipe.ts';
export { resumeRun, startRun } from './train/run.ts';
