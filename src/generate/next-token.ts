/** One step of one text: from the logits after it to its next token, and whether it ends there. */
import type { GenerateOptions } from './generate-options.ts';
import type { GeneratedToken } from './generated-token.ts';
import { addToken, type Row } from './rows.ts';
import { chooseToken } from './sampling.ts';
import { type Guess, speculativeSample } from './strategies/speculative-sampling.ts';

export interface NextTokenOptions extends Pick<GenerateOptions, 'logProbs' | 'onLogits' | 'stopAfter'> {
  /** Most positions of the text that can be fed. */
  context: number;
  /** Draw from the distribution, or take the most probable token. */
  doSample: boolean;
  /** A token that was guessed: a draw accepts it as often as the distribution has it. */
  guess?: Guess;
}

/** @param logits [vocab] of the model, which the processors change */
export function nextToken(
  row: Row,
  logits: Float32Array,
  { context, doSample, guess, logProbs, onLogits, stopAfter }: NextTokenOptions,
): GeneratedToken {
  onLogits?.(row.index, logits);
  row.process(row.ids, logits);
  const id =
    doSample && guess ? speculativeSample(logits, guess, row.random) : chooseToken(logits, doSample, row.random);
  return addToken(row, id, logits, { context, logProbs, stopAfter });
}
