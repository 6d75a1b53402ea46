/**
 * Budget forcing (Muennighoff et al. 2025, arXiv:2501.19393): thinking that wants to end before `min` tokens goes on behind a marker
 * ("Wait"); thinking that has had `max` tokens is ended, and the answer asked for.
 */
import { z } from 'zod';
import { draw, strategy } from './strategy.ts';

const options = z.strictObject({
  min: z.int().min(0).default(0),
  max: z.int().positive().default(512),
  /** What begins and what ends thinking, as the model was trained. */
  open: z.string().default('<think>\n'),
  close: z.string().min(1).default('</think>'),
  marker: z.string().min(1).default('Wait'),
  /** How often it is made to go on. */
  extensions: z.int().min(0).default(4),
  /** Behind the end of thinking. */
  answerTrigger: z.string().default('\n'),
  answerTokens: z.int().positive().default(64),
});

export const budgetForcing = strategy({
  about: 'a minimum and a maximum of thinking tokens (Muennighoff et al. 2025)',
  options,
  async run(problem, { min, max, open, close, marker, extensions, answerTrigger, answerTokens }, session) {
    let thought = open;
    let spent = 0;
    for (let time = 0; spent < max; time++) {
      const stop = [close];
      const [part] = await draw(problem, session, { prefill: thought, maxTokens: max - spent, stop });
      thought = part.text;
      spent += part.tokens;
      if (spent >= min || time >= extensions || spent >= max) break;
      thought += marker;
      session.note(`${marker}: ${spent} of ${min} tokens`);
    }
    const prefill = thought + close + answerTrigger;
    const [chain] = await draw(problem, session, { prefill, maxTokens: answerTokens });
    const answer = problem.parse(chain.text.slice(prefill.length)) ?? chain.answer;
    session.end({ ...chain, answer, tokens: spent + chain.tokens });
    return { answer };
  },
});
