/** Plan-and-solve prompting (Wang et al. 2023, arXiv:2305.04091): a trigger that asks for a plan first, then for its steps. */
import { z } from 'zod';
import { goOn } from '../program/problem.ts';
import { TRIGGERS } from './chain-of-thought.ts';
import { draw, strategy } from './strategy.ts';

const PLAN = {
  en: "Let's first understand the problem and devise a plan to solve the problem. Then, let's carry out the plan and solve the problem step by step.",
  zh: '让我们先理解问题，制定解决问题的计划，然后按照计划一步一步地解决问题。',
} as const;

const options = z.strictObject({
  language: z.enum(['en', 'zh']).default('en'),
  trigger: z.string().optional(),
  answerTokens: z.int().positive().default(32),
});

export const planAndSolve = strategy({
  about: 'a plan, then its steps (Wang et al. 2023)',
  options,
  async run(problem, { language, trigger, answerTokens }, session) {
    const isText = typeof problem.prompt === 'string';
    const prefill = (isText && language === 'en' ? ' ' : '') + (trigger ?? PLAN[language]);
    const [plan] = await draw(problem, session, { prefill });
    const ask = TRIGGERS[language].answer;
    const prompt = isText ? `${problem.prompt}${plan.text}\n${ask}` : goOn(problem.prompt, plan.text, ask);
    const [told] = await draw(problem, session, { prompt, maxTokens: answerTokens, constrained: true });
    const answer = told.answer ?? plan.answer;
    session.end({ text: `${plan.text}\n${ask}${told.text}`, answer, tokens: plan.tokens + told.tokens });
    return { answer };
  },
});
