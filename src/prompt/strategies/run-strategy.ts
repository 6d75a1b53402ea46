/** A strategy put to a problem: its answer, the chains that led there, the votes, and what they cost. */
import { usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { parseOptions } from '../../support/schema.ts';
import type { Completer } from '../completer.ts';
import type { Parsed } from '../program/parsers.ts';
import type { Problem } from '../program/problem.ts';
import { BudgetSpent, type Chain, createSession, type SessionOptions, type Tokens } from './session.ts';
import { STRATEGIES } from './strategies.ts';
import type { Strategy } from './strategy.ts';
import type { TreeNode } from './tree-node.ts';
import { countVotes, type Vote, winner } from './votes.ts';

export interface StrategyResult {
  /** Null where the model never came to an answer. */
  answer: Parsed | null;
  chains: readonly Chain[];
  votes: readonly Vote[];
  tokens: Tokens;
  /** Samples that were not needed any more. */
  saved: number;
  tree?: readonly TreeNode[];
  /** Whether the budget ended it before its time. */
  isCut: boolean;
}

/** A strategy that is ready to run, with its options. */
export interface ChosenStrategy {
  name: string;
  options: unknown;
  strategy: Strategy;
}

/** @throws UserError for a name or an option that there is not, with the nearest one that there is */
export function chooseStrategy(
  { name, ...options }: { name: string } & Record<string, unknown>,
  where: string,
): ChosenStrategy {
  if (!Object.hasOwn(STRATEGIES, name)) {
    const known = Object.keys(STRATEGIES);
    const meant = nearest(name, known);
    throw usageError(
      'TSLM_UNKNOWN_STRATEGY',
      `${where}: there is no strategy '${name}'`,
      meant ? `did you mean '${meant}'?` : `there are ${known.join(', ')}`,
    );
  }
  const strategy = STRATEGIES[name];
  return { name, strategy, options: parseOptions(strategy.options, options, `${where}: strategy ${name}`) };
}

/** @throws the signal's reason when it is aborted; UserError when the model cannot do what is asked */
export async function runStrategy(
  { strategy, options }: ChosenStrategy,
  problem: Problem,
  completer: Completer,
  settings: SessionOptions = {},
): Promise<StrategyResult> {
  const session = createSession(completer, settings);
  try {
    const {
      answer,
      votes = countVotes(session.chains),
      saved = 0,
      tree,
    } = await strategy.run(problem, options as never, session);
    return { answer, chains: session.chains, votes, tokens: session.tokens, saved, tree, isCut: false };
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    const { chains, tokens } = session;
    return { answer: winner(chains), chains, votes: countVotes(chains), tokens, saved: 0, isCut: true };
  }
}
