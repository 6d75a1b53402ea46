/**
 * Self-verification (Weng et al. 2022, arXiv:2212.09561): candidate answers are put back into the question as something known, and
 * the model is asked several times whether it is true; the candidate that stands up most often is taken.
 */
import { z } from 'zod';
import { inFormOf } from '../program/problem.ts';
import { draw, strategy } from './strategy.ts';
import { verdictIn } from './verdict.ts';
import { countVotes } from './votes.ts';

const options = z.strictObject({
  candidates: z.int().min(1).default(5),
  temperature: z.number().positive().default(0.7),
  /** Times that each candidate is checked. */
  checks: z.int().min(1).default(3),
  verify: z
    .string()
    .default(
      '{question}\n\nSomebody says that the answer is {answer}. Is that right? Answer yes or no, after checking it.\n',
    ),
  checkTokens: z.int().positive().default(128),
});

export const selfVerification = strategy({
  about: 'candidates are checked by asking backwards (Weng et al. 2022)',
  options,
  async run(problem, { candidates, temperature, checks, verify, checkTokens }, session) {
    const chains = await draw(problem, session, { n: candidates, temperature });
    for (const { answer } of countVotes(chains)) {
      const text = verify.replaceAll('{question}', problem.question).replaceAll('{answer}', answer);
      const prompt = inFormOf(problem, text);
      const found = await draw(problem, session, { prompt, n: checks, temperature, maxTokens: checkTokens });
      const right = found.filter(({ text }) => verdictIn(text) === true).length;
      session.note(`${answer}: ${right} of ${checks}`);
      for (const chain of chains) if (chain.answer?.key === answer) chain.score = right / checks;
    }
    for (const chain of chains) session.end(chain);
    const votes = countVotes(chains, 'score');
    // Of candidates that stood up equally often the more frequent one.
    const best = [...votes].sort((a, b) => b.weight / b.count - a.weight / a.count || b.count - a.count)[0];
    return { answer: chains.find(({ answer }) => answer && answer.key === best?.answer)?.answer ?? null, votes };
  },
});
