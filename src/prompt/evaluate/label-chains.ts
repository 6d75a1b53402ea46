/**
 * Data for a verifier from a model's own samples: whole solutions by whether their answer is right (Cobbe et al. 2021), and
 * solutions as far as each step by whether any of some rollouts from there comes out right (Wang et al. 2023, arXiv:2312.08935, hard
 * estimation).
 */
import type { OpenPrompt } from '../open-prompt.ts';
import { createSession } from '../strategies/session.ts';
import { draw } from '../strategies/strategy.ts';
import { RIGHT, verifierText } from '../strategies/verifier.ts';
import type { Case } from './evaluate-prompt.ts';

export interface LabelledChain {
  text: string;
  label: typeof RIGHT | 'wrong';
}

export interface LabelOptions {
  samples?: number;
  temperature?: number;
  /** From each step; 0: whole solutions alone. Default 0. */
  rollouts?: number;
  separator?: string;
  seed?: number;
  signal?: AbortSignal;
}

/** The labelled solutions of one question, each text once. */
export async function labelChains(
  { completer }: Pick<OpenPrompt, 'completer'>,
  { problem: problemOf, isRight }: Case,
  { samples = 8, temperature = 0.7, rollouts = 0, separator = '\n', seed = 0, signal }: LabelOptions = {},
): Promise<LabelledChain[]> {
  const session = createSession(completer, { seed, signal });
  const problem = await problemOf(signal);
  const labelled = new Map<string, LabelledChain['label']>();
  const add = (solution: string, isGood: boolean): void =>
    void labelled.set(verifierText(problem.question, solution), isGood ? RIGHT : 'wrong');
  for (const { text, answer } of await draw(problem, session, { n: samples, temperature })) {
    add(text, answer !== null && isRight(answer));
    if (rollouts === 0) continue;
    const steps = text.split(separator);
    for (let i = 1; i < steps.length; i++) {
      const state = steps.slice(0, i).join(separator) + separator;
      if (labelled.has(verifierText(problem.question, state))) continue;
      const ends = await draw(problem, session, { prefill: state, n: rollouts, temperature });
      add(
        state,
        ends.some(({ answer }) => answer !== null && isRight(answer)),
      );
    }
  }
  return [...labelled].map(([text, label]) => ({ text, label }));
}
