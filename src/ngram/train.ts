/** From tokens to a model: count, then smooth. */
import { countNgrams, type OnStep } from './counts.ts';
import { estimateKneserNey, type KneserNeyOptions, type LevelReport } from './kneser-ney.ts';
import { NgramModel } from './model.ts';
import type { NgramVocabulary } from './vocabulary.ts';

export interface NgramTrainingOptions extends KneserNeyOptions {
  /** Longest n-gram. Default 5. */
  order?: number;
  /** Called 2 · order times while the model is made. */
  onStep?: OnStep;
}

/**
 * @param tokens `[time]` documents one after the other, each closed by `vocabulary.end`
 * @returns the model and, per n-gram length, what was estimated
 * @throws UserError for an empty sequence, tokens outside the vocabulary, impossible options
 */
export function trainNgram(
  tokens: ArrayLike<number>,
  vocabulary: NgramVocabulary,
  { order = 5, onStep, ...smoothing }: NgramTrainingOptions = {},
): { model: NgramModel; report: LevelReport[] } {
  const { trie, report } = estimateKneserNey(countNgrams(tokens, vocabulary, order, onStep), smoothing, onStep);
  return { model: new NgramModel(trie, vocabulary), report };
}
