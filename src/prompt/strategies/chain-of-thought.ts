/**
 * Chain of thought: steps before the answer. With examples that show them (Wei et al. 2022, arXiv:2201.11903) the prompt is asked
 * as it is; without, a trigger makes the model begin with them, and a second request asks for the answer (Kojima et al. 2022,
 * arXiv:2205.11916).
 */
import { z } from 'zod';
import { goOn } from '../program/problem.ts';
import { draw, strategy } from './strategy.ts';

export const TRIGGERS = {
  en: { think: "Let's think step by step.", answer: 'Therefore, the answer is' },
  zh: { think: '让我们一步一步地思考。', answer: '因此，答案是' },
} as const;

const options = z.strictObject({
  /** few-shot: the examples of the prompt have chains; zero-shot: the trigger and a second question. */
  mode: z.enum(['few-shot', 'zero-shot']).default('few-shot'),
  language: z.enum(['en', 'zh']).default('en'),
  /** In place of the language's own; few-shot chains have one only where it is given. */
  trigger: z.string().optional(),
  /** What asks for the answer, behind a zero-shot chain without one. */
  answerTrigger: z.string().optional(),
  /** Ask for the answer even where the chain has one, as the paper does. */
  twoStage: z.boolean().default(true),
  answerTokens: z.int().positive().default(32),
});

export const chainOfThought = strategy({
  about: 'steps before the answer, by examples or by a trigger (Wei et al. 2022; Kojima et al. 2022)',
  options,
  async run(problem, { mode, language, trigger, answerTrigger, twoStage, answerTokens }, session) {
    const own = TRIGGERS[language];
    const isText = typeof problem.prompt === 'string';
    const space = language === 'en' && isText ? ' ' : '';
    if (mode === 'few-shot') {
      const [chain] = await draw(problem, session, { prefill: trigger === undefined ? undefined : space + trigger });
      session.end(chain);
      return { answer: chain.answer };
    }
    const [thought] = await draw(problem, session, { prefill: space + (trigger ?? own.think) });
    if (!twoStage && thought.answer) {
      session.end(thought);
      return { answer: thought.answer };
    }
    const ask = answerTrigger ?? own.answer;
    const prompt = isText ? `${problem.prompt}${thought.text}\n${ask}` : goOn(problem.prompt, thought.text, ask);
    const [told] = await draw(problem, session, { prompt, maxTokens: answerTokens, constrained: true });
    const answer = told.answer ?? thought.answer;
    session.end({ text: `${thought.text}\n${ask}${told.text}`, answer, tokens: thought.tokens + told.tokens });
    return { answer };
  },
});
