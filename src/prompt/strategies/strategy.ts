/** What a strategy is: a function from a problem to an answer, with everything that it cost. */
import type { z } from 'zod';
import type { PromptText } from '../completer.ts';
import type { Parsed } from '../program/parsers.ts';
import type { Problem } from '../program/problem.ts';
import type { Chain, Session } from './session.ts';
import type { TreeNode } from './tree-node.ts';
import type { Vote } from './votes.ts';

/** What a strategy finds; what it cost is the session's. */
export interface Found {
  /** Null where the model never came to an answer. */
  answer: Parsed | null;
  votes?: Vote[];
  /** Samples that were not needed any more. */
  saved?: number;
  /** Thoughts with what was thought of them, in the order in which they came. */
  tree?: TreeNode[];
}

export interface Strategy<Schema extends z.ZodType = z.ZodType> {
  /** What it is, in a line, and the paper. */
  about: string;
  options: Schema;
  run(problem: Problem, options: z.output<Schema>, session: Session): Promise<Found>;
}

export const strategy = <Schema extends z.ZodType>(own: Strategy<Schema>): Strategy => own as unknown as Strategy;

export interface Draw {
  prompt?: PromptText;
  prefill?: string;
  n?: number;
  temperature?: number;
  maxTokens?: number;
  stop?: readonly string[];
  /** Whether texts must follow the problem's constraint. Default false: chains are free. */
  constrained?: boolean;
}

/** Texts that go on from the problem's prompt, each with the answer that is found in it. */
export async function draw(problem: Problem, session: Session, options: Draw = {}): Promise<Chain[]> {
  const { generation } = problem;
  const { prompt = problem.prompt, prefill, n = 1, constrained = false } = options;
  const { completions } = await session.complete({
    prompt,
    prefill,
    n,
    temperature: options.temperature ?? generation.temperature,
    topP: generation.topP,
    topK: generation.topK,
    maxTokens: options.maxTokens ?? generation.maxTokens,
    stop: options.stop ?? generation.stop,
    constraint: constrained ? problem.constraint : undefined,
  });
  return completions.map(({ text, tokens, logProb, reason, stop }) => {
    const whole = (prefill ?? '') + text;
    const answer = problem.parse(whole);
    // Where the model does not say what ended it, a chain with an answer is taken for whole.
    const isOver = reason === 'stop' && (stop === undefined ? answer !== null || text === '' : stop === null);
    return { text: whole, answer, tokens, logProb, isOver, isCut: reason === 'length' };
  });
}

/** One text, as something to go on with. */
export async function say(problem: Problem, session: Session, prompt: PromptText, options: Draw = {}): Promise<string> {
  const [{ text }] = await draw(problem, session, { ...options, prompt });
  return text;
}
