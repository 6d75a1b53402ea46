/** Thoughts of a tree: how next ones are made, and how they are valued (Yao et al. 2023, arXiv:2305.10601, § 3). */
import { z } from 'zod';
import { inFormOf, type Problem } from '../program/problem.ts';
import { linesOf } from './least-to-most.ts';
import { requireVerifier } from './require-verifier.ts';
import type { Session } from './session.ts';
import { draw } from './strategy.ts';

export interface Thought {
  /** What has been thought so far, as the completion of the prompt begins. */
  state: string;
  isOver: boolean;
  /** Mean log-probability of the last thought's tokens. */
  confidence: number;
}

export const thoughtOptions = {
  /** sample: several lines that go on; propose: a list of next steps that is asked for. */
  generate: z.enum(['sample', 'propose']).default('sample'),
  /** Next thoughts of each. */
  width: z.int().min(1).default(5),
  temperature: z.number().positive().default(0.7),
  separator: z.string().min(1).default('\n'),
  thoughtTokens: z.int().positive().default(64),
  /** Asks for next steps, one a line. `{question}` and `{state}` stand for the question and what is there. */
  propose: z.string().default('{question}{state}\n\nPossible next steps, one a line:\n'),
  /** Asks how good a state is; answers as in the paper. */
  value: z
    .string()
    .default(
      '{question}{state}\n\nCan this lead to the right answer? Answer with one word: sure, likely or impossible.\n',
    ),
  vote: z
    .string()
    .default(
      '{question}\n\nWhich of these is the best way to begin? Answer with its number.\n{choices}\nThe best is number',
    ),
  /** Times that each state is valued, or votes are asked for. */
  evaluations: z.int().min(1).default(3),
};

const schema = z.strictObject(thoughtOptions);
export type ThoughtOptions = z.output<typeof schema>;

const filled = (template: string, values: Record<string, string>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

/** Different next thoughts of a state. */
export async function nextThoughts(
  problem: Problem,
  session: Session,
  state: string,
  { generate, width, temperature, separator, thoughtTokens, propose }: ThoughtOptions,
): Promise<Thought[]> {
  let next: Thought[];
  if (generate === 'propose') {
    const asked = inFormOf(problem, filled(propose, { question: problem.question, state }));
    const [{ text }] = await draw(problem, session, { prompt: asked, temperature, maxTokens: width * thoughtTokens });
    next = linesOf(text)
      .slice(0, width)
      .map(line => ({ state: state + line + separator, isOver: false, confidence: 0 }));
  } else {
    const stop = [separator, ...problem.generation.stop];
    const drawn = await draw(problem, session, {
      prefill: state,
      n: width,
      temperature,
      maxTokens: thoughtTokens,
      stop,
    });
    next = drawn.map(({ text, isOver = false, isCut, logProb = 0, tokens }) => ({
      // A thought of `thoughtTokens` has not come to the end of its line.
      state: isOver || isCut ? text : text + separator,
      isOver,
      confidence: logProb / Math.max(1, tokens),
    }));
  }
  return next.filter((one, i) => next.findIndex(other => other.state === one.state) === i);
}

/** The paper's values of its words. */
const VALUES = { sure: 20, likely: 1, impossible: 0.001 } as const;

/** How good each state is, by words, by votes, by a verifier, or by how probable the model held it. */
export async function valuesOf(
  problem: Problem,
  session: Session,
  thoughts: readonly Thought[],
  how: 'value' | 'vote' | 'verifier' | 'probability',
  { value, vote, evaluations, temperature }: ThoughtOptions,
): Promise<number[]> {
  const { question } = problem;
  if (how === 'probability') return thoughts.map(({ confidence }) => Math.exp(confidence));
  if (how === 'verifier') {
    const states = thoughts.map(({ state }) => state);
    return requireVerifier(session).score(question, states, session.signal);
  }
  if (how === 'vote') {
    const choices = thoughts.map(({ state }, i) => `${i + 1}. ${state.trim()}`).join('\n');
    const prompt = inFormOf(problem, filled(vote, { question, choices }));
    const drawn = await draw(problem, session, { prompt, n: evaluations, temperature, maxTokens: 8 });
    const votes = drawn.map(({ text }) => Number(/\d+/.exec(text)?.[0]));
    return thoughts.map((_, i) => votes.filter(number => number === i + 1).length);
  }
  const all = thoughts.map(async ({ state }) => {
    const prompt = inFormOf(problem, filled(value, { question, state }));
    const drawn = await draw(problem, session, { prompt, n: evaluations, temperature, maxTokens: 16 });
    return drawn.reduce((sum, { text }) => {
      const word = /sure|likely|impossible/i.exec(text)?.[0].toLowerCase() as keyof typeof VALUES | undefined;
      return sum + (word ? VALUES[word] : 0);
    }, 0);
  });
  return Promise.all(all);
}
