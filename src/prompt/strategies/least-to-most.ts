/**
 * Least-to-most prompting (Zhou et al. 2022, arXiv:2205.10625): the question is taken apart into simpler ones, which are answered in
 * turn, each with the answers before it in view; the last is the question itself.
 */
import { z } from 'zod';
import { inFormOf } from '../program/problem.ts';
import { draw, say, strategy } from './strategy.ts';

const options = z.strictObject({
  /** Asks for the simpler questions, one a line. `{question}` stands for the question. */
  decompose: z
    .string()
    .default(
      '{question}\n\nTo answer this, which simpler questions have to be answered first? Write each on a line of its own.\n',
    ),
  mostSteps: z.int().positive().default(6),
  stepTokens: z.int().positive().default(128),
});

export const leastToMost = strategy({
  about: 'simpler questions first, each answered in view of those before (Zhou et al. 2022)',
  options,
  async run(problem, { decompose, mostSteps, stepTokens }, session) {
    const text = await say(problem, session, inFormOf(problem, decompose.replaceAll('{question}', problem.question)));
    const steps = linesOf(text).slice(0, mostSteps);
    let known = '';
    for (const step of steps) {
      session.note(step);
      const asked = inFormOf(problem, `${problem.question}\n\n${known}Q: ${step}\nA:`);
      const answer = await say(problem, session, asked, { maxTokens: stepTokens, stop: ['\nQ:'] });
      known += `Q: ${step}\nA: ${answer.trim()}\n\n`;
    }
    const last = problem.prompt;
    const prompt =
      typeof last === 'string'
        ? last.slice(0, last.length - problem.question.length) + known + problem.question
        : [...last.slice(0, -1), { role: 'user', content: `${known}${problem.question}` }];
    const [chain] = await draw(problem, session, { prompt });
    session.end({ ...chain, text: known + chain.text });
    return { answer: chain.answer };
  },
});

/** Lines without the numbers and marks that lists have. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map(line => line.replace(/^\s*(?:[-*•]|\(?\d+[.):])\s*/, '').trim())
    .filter(line => line !== '');
