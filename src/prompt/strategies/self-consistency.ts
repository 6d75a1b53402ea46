/**
 * Self-consistency (Wang et al. 2022, arXiv:2203.11171): several chains are drawn, and their answers vote. The prompt is read once
 * for all of them. With `batch` they are drawn in turns, and no more once the leader cannot be overtaken, or once it is as good as
 * sure that it is the most frequent one (Aggarwal et al. 2023, arXiv:2305.11860: Beta posterior of leader against second).
 */
import { z } from 'zod';
import { betaTail } from './beta.ts';
import type { Chain } from './session.ts';
import { draw, strategy } from './strategy.ts';
import { countVotes, isDecided, winner } from './votes.ts';

const options = z.strictObject({
  samples: z.int().min(1).default(16),
  temperature: z.number().positive().default(0.7),
  weight: z.enum(['count', 'probability']).default('count'),
  /** Chains that are drawn at once. Default all: nothing can be saved then. */
  batch: z.int().min(1).optional(),
  /** Stop when the leader is the most frequent answer with this probability. Default 1: only when it cannot be overtaken. */
  certainty: z.number().min(0.5).max(1).default(1),
  /** What each chain is made to begin with, such as a trigger. */
  prefill: z.string().optional(),
});

export const selfConsistency = strategy({
  about: 'several chains whose answers vote (Wang et al. 2022)',
  options,
  async run(problem, { samples, temperature, weight, batch = samples, certainty, prefill }, session) {
    const chains: Chain[] = [];
    while (chains.length < samples) {
      const n = Math.min(batch, samples - chains.length);
      for (const chain of await draw(problem, session, { n, temperature, prefill })) chains.push(session.end(chain));
      const votes = countVotes(chains, weight);
      if (isDecided(votes, samples - chains.length)) break;
      const [first, second] = [...votes].sort((a, b) => b.count - a.count);
      if (certainty < 1 && first && betaTail(first.count + 1, (second?.count ?? 0) + 1) >= certainty) break;
    }
    return {
      answer: winner(chains, weight),
      votes: countVotes(chains, weight),
      saved: samples - chains.length,
    };
  },
});
