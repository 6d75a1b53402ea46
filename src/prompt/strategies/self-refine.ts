/**
 * Self-Refine (Madaan et al. 2023, arXiv:2303.17651): the model criticises its answer and writes it again, until it finds nothing
 * wrong or the rounds are over.
 */
import { z } from 'zod';
import { goOn } from '../program/problem.ts';
import { draw, strategy } from './strategy.ts';

const options = z.strictObject({
  rounds: z.int().min(1).default(3),
  criticise: z
    .string()
    .default('Check this solution step by step. If everything is right write CORRECT; else say what is wrong.'),
  improve: z.string().default('Solve the problem again with that in mind.'),
  /** What ends it, in the criticism. */
  satisfied: z.string().default('CORRECT'),
  feedbackTokens: z.int().positive().default(128),
});

export const selfRefine = strategy({
  about: 'criticised and written again until nothing is wrong (Madaan et al. 2023)',
  options,
  async run(problem, { rounds, criticise, improve, satisfied, feedbackTokens }, session) {
    let [chain] = await draw(problem, session);
    session.end(chain);
    let answer = chain.answer;
    for (let round = 0; round < rounds; round++) {
      const asked = goOn(problem.prompt, chain.text, criticise);
      const [feedback] = await draw(problem, session, { prompt: asked, maxTokens: feedbackTokens });
      session.note(feedback.text.trim());
      // INCORRECT is not CORRECT.
      if (new RegExp(`(?<![\\p{L}])${literally(satisfied)}(?![\\p{L}])`, 'u').test(feedback.text)) break;
      const again = goOn(asked, feedback.text, improve);
      [chain] = await draw(problem, session, { prompt: again });
      session.end(chain);
      answer = chain.answer ?? answer;
    }
    return { answer };
  },
});

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
