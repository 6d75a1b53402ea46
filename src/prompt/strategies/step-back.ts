/**
 * Step-back prompting (Zheng et al. 2023, arXiv:2310.06117): a more general question first, whose answer is put in front of the one
 * that was asked.
 */
import { z } from 'zod';
import { inFormOf } from '../program/problem.ts';
import { draw, say, strategy } from './strategy.ts';

const options = z.strictObject({
  abstract: z
    .string()
    .default(
      '{question}\n\nWhat more general question, about the principles behind this one, would help to answer it?\n',
    ),
  principleTokens: z.int().positive().default(160),
});

export const stepBack = strategy({
  about: 'the principles first, then the question (Zheng et al. 2023)',
  options,
  async run(problem, { abstract, principleTokens }, session) {
    const asked = inFormOf(problem, abstract.replaceAll('{question}', problem.question));
    const general = (await say(problem, session, asked, { maxTokens: principleTokens })).trim();
    session.note(general);
    const principles = (
      await say(problem, session, inFormOf(problem, `${general}\n`), { maxTokens: principleTokens })
    ).trim();
    const { prompt } = problem;
    const known = `${general}\n${principles}\n\n`;
    const grounded =
      typeof prompt === 'string'
        ? prompt.slice(0, prompt.length - problem.question.length) + known + problem.question
        : [...prompt.slice(0, -1), { role: 'user', content: known + problem.question }];
    const [chain] = await draw(problem, session, { prompt: grounded });
    session.end({ ...chain, text: known + chain.text });
    return { answer: chain.answer };
  },
});
