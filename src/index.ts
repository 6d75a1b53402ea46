/** The library: every stage as a function, and the floors under them. */

export {
  type Constraint,
  type ConstraintState,
  compileGbnf,
  compileJsonSchema,
  compileRegex,
  vocabularyOf,
} from './constrain/index.ts';
export { openCorpus } from './data/corpus/corpus.ts';
export { prepare } from './data/prepare/prepare.ts';
export { perplexity } from './evaluate/perplexity.ts';
export { type AttentionMaps, attentionMaps } from './explain/attention-maps.ts';
export { type LayerPredictions, layerPredictions } from './explain/logit-lens.ts';
export { resolveGenerationConfig } from './generate/config/generation-config.ts';
export { fillInTheMiddle } from './generate/fill-in-the-middle/fill-in-the-middle.ts';
export { generate } from './generate/generate.ts';
export { pseudoPerplexity } from './generate/scoring/pseudo-perplexity.ts';
export { scoreText } from './generate/scoring/score-text.ts';
export { scoreTokens } from './generate/scoring/score-tokens.ts';
export { generateSequences } from './generate/sequences.ts';
export { generateText, streamText } from './generate/text.ts';
export { pull } from './hub/pull.ts';
export { resolveModelPath } from './hub/resolve-model-path.ts';
export {
  Adapter,
  createAdapter,
  loadAdapter,
  mergeAdapter,
  saveAdapter,
  unmergeAdapter,
  withAdapter,
} from './models/adapters/index.ts';
export { createFromConfig, createModel, loadCompleteModel, loadModel, modelFolder, saveModel } from './models/auto.ts';
export { Decoder } from './models/decoder.ts';
export { Encoder } from './models/encoder.ts';
export { EncoderDecoder } from './models/encoder-decoder.ts';
export { Model, type ModelInputs, type ModelOutput } from './models/model.ts';
export { type EmbedOptions, embed, type Pooling } from './models/pooling.ts';
export { recomputeBlocks } from './models/recompute.ts';
export { evaluateNgram, loadNgram, saveNgram, trainNgramOn } from './ngram/index.ts';
export * from './nn/index.ts';
export { pipeline } from './pipeline.ts';
export { parseRecipe, readRecipe } from './runs/recipe.ts';
export { resumeRun, startRun } from './runs/run.ts';
export { UserError } from './support/errors.ts';
export { version } from './support/version.ts';
export type { Pipelines } from './tasks/pipelines.ts';
export { Tokenizer } from './tokenizers/tokenizer.ts';
export { trainTokenizer } from './tokenizers/training/train.ts';
export * from './torch/index.ts';
export { adafactor } from './train/optimizers/adafactor.ts';
export { adamW } from './train/optimizers/adamw.ts';
export { lion } from './train/optimizers/lion.ts';
export { muon } from './train/optimizers/muon.ts';
export type { Optimizer } from './train/optimizers/optimizer.ts';
export { sgd } from './train/optimizers/sgd.ts';
export {
  analogy,
  embeddingsFrom,
  evaluateAnalogies,
  evaluateSimilarity,
  loadVectors,
  readAnalogies,
  readSimilarity,
  saveVectors,
  trainVectors,
  trainVectorsOn,
  WordVectors,
  writeVectors,
} from './vectors/index.ts';
