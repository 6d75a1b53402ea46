/** The logits processors, one file each. */
export { epsilonCutoff, etaCutoff } from './cutoff.ts';
export { forcedBos, forcedEos } from './forced.ts';
export { hammingDiversity } from './hamming-diversity.ts';
export { exponentialDecayLength, minLength, minNewTokens } from './length.ts';
export { type FilterOptions, type LogitsProcessor, processorChain } from './logits-processor.ts';
export { minP } from './min-p.ts';
export { encoderNoRepeatNgram, noRepeatNgram } from './no-repeat-ngram.ts';
export { infNanRemove, renormalize } from './normalize.ts';
export {
  type CountOptions,
  encoderRepetitionPenalty,
  frequencyPenalty,
  presencePenalty,
  repetitionPenalty,
} from './penalties.ts';
export { badWords, sequenceBias } from './sequence-bias.ts';
export { beginSuppress, prefixAllowed, suppressTokens } from './suppress.ts';
export { temperature } from './temperature.ts';
export { topK } from './top-k.ts';
export { topP } from './top-p.ts';
export { typical } from './typical.ts';
