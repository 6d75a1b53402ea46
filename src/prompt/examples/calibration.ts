/**
 * Contextual calibration (Zhao et al. 2021, arXiv:2102.09690): small models prefer some answers whatever is asked, and the order of the
 * examples decides which. How probable each choice is behind a question without content ("N/A") says how much; probabilities are
 * divided by it before the best is taken.
 */
import { usageError } from '../../support/errors.ts';
import type { ContinuationScore, PromptText } from '../completer.ts';

export const CONTENT_FREE = ['N/A', '', '[MASK]'] as const;

/** What tells how probable continuations are; undefined where the model does not. */
export interface Scorer {
  score(prompt: PromptText, continuations: readonly string[]): Promise<ContinuationScore[] | undefined>;
}

/** Probabilities of the choices among each other. */
async function probabilities(scorer: Scorer, prompt: PromptText, choices: readonly string[]): Promise<number[]> {
  const scores = await scorer.score(prompt, choices);
  if (!scores) throw usageError('TSLM_NOT_ABLE', 'the model does not tell probabilities', 'give a local model');
  const most = Math.max(...scores.map(({ logProb }) => logProb));
  const own = scores.map(({ logProb }) => Math.exp(logProb - most));
  const sum = own.reduce((total, value) => total + value, 0);
  return own.map(value => value / sum);
}

export interface Calibrated {
  /** Of each choice, before and after. */
  raw: number[];
  calibrated: number[];
}

/**
 * @param contentFree prompts whose question says nothing; none: nothing is calibrated
 * @param choices as they follow the prompt
 * @throws UserError where the model tells no probabilities
 */
export async function calibratedChoice(
  scorer: Scorer,
  prompt: PromptText,
  contentFree: readonly PromptText[],
  choices: readonly string[],
): Promise<Calibrated> {
  const raw = await probabilities(scorer, prompt, choices);
  const biases: number[][] = [];
  for (const one of contentFree) biases.push(await probabilities(scorer, one, choices));
  if (biases.length === 0) return { raw, calibrated: raw };
  const bias = choices.map((_, i) => biases.reduce((sum, own) => sum + own[i], 0) / biases.length);
  const scaled = raw.map((value, i) => value / bias[i]);
  const total = scaled.reduce((sum, value) => sum + value, 0);
  return { raw, calibrated: scaled.map(value => value / total) };
}
