/**
 * Best-of-N with a verifier (Cobbe et al. 2021, arXiv:2110.14168): of N chains the one that the verifier holds for the best; with
 * `vote: true` its scores are weights of votes (Li et al. 2022, arXiv:2206.02336).
 */
import { z } from 'zod';
import { requireVerifier } from './require-verifier.ts';
import { draw, strategy } from './strategy.ts';
import { countVotes, winner } from './votes.ts';

const options = z.strictObject({
  samples: z.int().min(1).default(8),
  temperature: z.number().positive().default(0.7),
  vote: z.boolean().default(false),
});

export const bestOfN = strategy({
  about: 'of N chains what a verifier holds for the best (Cobbe et al. 2021)',
  options,
  async run(problem, { samples, temperature, vote }, session) {
    const verifier = requireVerifier(session);
    const chains = await draw(problem, session, { n: samples, temperature });
    const scores = await verifier.score(
      problem.question,
      chains.map(({ text }) => text),
      session.signal,
    );
    for (const [i, chain] of chains.entries()) session.end(Object.assign(chain, { score: scores[i] }));
    const answered = chains.filter(({ answer }) => answer !== null);
    const best = [...answered].sort((a, b) => b.score! - a.score!)[0];
    return { answer: vote ? winner(chains, 'score') : (best?.answer ?? null), votes: countVotes(chains, 'score') };
  },
});
