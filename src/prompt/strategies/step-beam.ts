/**
 * Beam search over steps with a verifier (Snell et al. 2024, arXiv:2408.03314): each of the beams is continued by several next steps,
 * which are lines; the verifier scores what has been written so far, and the best go on.
 */
import { z } from 'zod';
import { requireVerifier } from './require-verifier.ts';
import type { Chain } from './session.ts';
import { draw, strategy } from './strategy.ts';
import { countVotes } from './votes.ts';

const options = z.strictObject({
  beams: z.int().min(1).default(4),
  /** Next steps of each beam. */
  width: z.int().min(1).default(4),
  temperature: z.number().positive().default(0.7),
  mostSteps: z.int().positive().default(12),
  stepTokens: z.int().positive().default(64),
  /** What ends a step. */
  separator: z.string().min(1).default('\n'),
});

export const stepBeam = strategy({
  about: 'beam search over steps that a verifier scores (Snell et al. 2024)',
  options,
  async run(problem, { beams, width, temperature, mostSteps, stepTokens, separator }, session) {
    const verifier = requireVerifier(session);
    const over: Chain[] = [];
    let open: Chain[] = [{ text: '', answer: null, tokens: 0 }];
    for (let step = 0; step < mostSteps && open.length > 0 && over.length < beams; step++) {
      const drawn = await Promise.all(
        open.map(beam =>
          draw(problem, session, {
            prefill: beam.text,
            n: step === 0 ? beams * width : width,
            temperature,
            maxTokens: stepTokens,
            stop: [separator, ...problem.generation.stop],
          }),
        ),
      );
      const next = drawn.flatMap((own, i) =>
        own.map(chain => ({
          ...chain,
          // A step of `stepTokens` has not come to the end of its line.
          text: chain.isOver || chain.isCut ? chain.text : chain.text + separator,
          tokens: chain.tokens + open[i].tokens,
        })),
      );
      // Two beams that say the same are one.
      const distinct = next.filter(({ text }, i) => next.findIndex(other => other.text === text) === i);
      const scores = await verifier.score(
        problem.question,
        distinct.map(({ text }) => text),
        session.signal,
      );
      for (const [i, chain] of distinct.entries()) chain.score = scores[i];
      const kept = distinct.sort((a, b) => b.score! - a.score!).slice(0, beams);
      for (const chain of kept) if (chain.isOver) over.push(session.end(chain));
      open = kept.filter(({ isOver }) => !isOver);
    }
    const all = over.length > 0 ? over : open;
    const best = [...all].filter(({ answer }) => answer).sort((a, b) => b.score! - a.score!)[0];
    return { answer: best?.answer ?? null, votes: countVotes(all, 'score') };
  },
});
