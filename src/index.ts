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
export { type EvaluateOptions, evaluateTasks } from './evaluate/harness/evaluate-tasks.ts';
export type { EvaluationResult } from './evaluate/harness/evaluation-result.ts';
export { resultsJson, sampleJson, writeResults } from './evaluate/harness/results.ts';
export { openTaskLibrary } from './evaluate/harness/task-library.ts';
export type { EvaluatedModel } from './evaluate/models/evaluated-model.ts';
export { openEvaluatedModel } from './evaluate/models/open-model.ts';
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
  combineAdapters,
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
export { causal } from './objectives/causal.ts';
export { contrastive } from './objectives/contrastive.ts';
export { masked } from './objectives/masked.ts';
export type { Objective, ObjectiveContext } from './objectives/objective.ts';
export type { Reward } from './objectives/reward-options.ts';
export { seq2seq } from './objectives/seq2seq.ts';
export { sequenceClassification } from './objectives/sequence-classification.ts';
export { tokenClassification } from './objectives/token-classification.ts';
export { pipeline } from './pipeline.ts';
export type { Completer, CompletionRequest } from './prompt/completer.ts';
export { openLocalCompleter } from './prompt/completers/local.ts';
export { type Script, scriptedCompleter } from './prompt/completers/scripted.ts';
export { openServedCompleter } from './prompt/completers/served.ts';
export { openPrompt } from './prompt/open-prompt.ts';
export { readPromptFile } from './prompt/program/prompt-file.ts';
export { definePrompt, type Prompt } from './prompt/program/signature.ts';
export { chooseStrategy, runStrategy, type StrategyResult } from './prompt/strategies/run-strategy.ts';
export { parseRecipe, readRecipe } from './runs/recipe.ts';
export { resumeRun, startRun } from './runs/run.ts';
export { UserError } from './support/errors.ts';
export { version } from './support/version.ts';
export type { Pipelines } from './tasks/pipelines.ts';
export { Tokenizer } from './tokenizers/tokenizer.ts';
export { trainTokenizer } from './tokenizers/training/train.ts';
export * from './torch/index.ts';
export { ema } from './train/ema.ts';
export { type Evaluation, heldOut } from './train/evaluation.ts';
export { type StepMetrics, type TrainHooks, type TrainLoop, trainLoop } from './train/loop.ts';
export { adafactor } from './train/optimizers/adafactor.ts';
export { adamW } from './train/optimizers/adamw.ts';
export { lamb } from './train/optimizers/lamb.ts';
export { lion } from './train/optimizers/lion.ts';
export { muon } from './train/optimizers/muon.ts';
export type { Optimizer } from './train/optimizers/optimizer.ts';
export { sgd } from './train/optimizers/sgd.ts';
export { createSampler, createTokenSampler } from './train/sampler.ts';
export { createSchedule } from './train/schedules.ts';
export { datasetOf, type TrainOptions, train } from './train/train.ts';
export { wholeModel } from './train/trainable.ts';
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
