/** Word vectors: training, files, neighbours, analogies and evaluation. */
export { ANALOGY_METHODS, type AnalogyMethod, analogy } from './analogy.ts';
export { embeddingsFrom, rowsOfTokens } from './embeddings.ts';
export {
  type AnalogyResult,
  type AnalogySection,
  evaluateAnalogies,
  readAnalogies,
} from './evaluation/analogies.ts';
export { evaluateSimilarity, type JudgedPair, readSimilarity, type SimilarityResult } from './evaluation/similarity.ts';
export { VECTOR_FORMATS, type VectorFormat, writeVectors } from './formats/write.ts';
export { loadVectors, saveVectors, type VectorsProvenance } from './storage.ts';
export { type StoredVectors, trainVectorsOn } from './train-files.ts';
export { VECTOR_LOSSES, VECTOR_METHODS } from './training/choices.ts';
export type { VectorTrainingOptions } from './training/options.ts';
export { trainVectors } from './training/train.ts';
export { WordVectors } from './word-vectors.ts';
