/** Answers counted: chains that come to the same answer vote for it (Wang et al. 2022, arXiv:2203.11171). */
import type { Parsed } from '../program/parsers.ts';
import type { Chain } from './session.ts';

export interface Vote {
  answer: string;
  count: number;
  /** Sum of the weights of those who voted for it. */
  weight: number;
}

/** count: each chain counts 1; probability: exp of its mean log-probability; score: what a verifier gave it. */
export type Weighting = 'count' | 'probability' | 'score';

export function weightOf({ logProb, tokens, score }: Chain, weighting: Weighting): number {
  if (weighting === 'probability') return logProb === undefined ? 1 : Math.exp(logProb / Math.max(1, tokens));
  return weighting === 'score' ? (score ?? 0) : 1;
}

/** The most first; of equal ones what was answered first. Chains without an answer do not vote. */
export function countVotes(chains: readonly Chain[], weighting: Weighting = 'count'): Vote[] {
  const votes = new Map<string, Vote>();
  for (const chain of chains) {
    if (!chain.answer) continue;
    const { key } = chain.answer;
    const vote = votes.get(key) ?? { answer: key, count: 0, weight: 0 };
    vote.count++;
    vote.weight += weightOf(chain, weighting);
    votes.set(key, vote);
  }
  return [...votes.values()].sort((a, b) => b.weight - a.weight);
}

/** The answer with the most votes. */
export function winner(chains: readonly Chain[], weighting: Weighting = 'count'): Parsed | null {
  const [first] = countVotes(chains, weighting);
  return first ? (chains.find(({ answer }) => answer?.key === first.answer)?.answer ?? null) : null;
}

/** Whether the leader stays it, however the `left` chains vote, none of which can weigh more than 1. */
export function isDecided(votes: readonly Vote[], left: number): boolean {
  if (left === 0) return true;
  const [first, second] = votes;
  return first !== undefined && first.weight - (second?.weight ?? 0) > left;
}
