/**
 * The answer at once, under the problem's constraint (Brown et al. 2020, arXiv:2005.14165: a few examples in the prompt). Of choices the
 * most probable one can be taken in place of what is written, calibrated by what the model prefers whatever is asked.
 */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { calibratedChoice } from '../examples/calibration.ts';
import { draw, strategy } from './strategy.ts';

const options = z.strictObject({
  /** writing: what the model writes; probability: of the parser's choices the most probable. */
  by: z.enum(['writing', 'probability']).default('writing'),
  /** Of probabilities: contextual calibration (Zhao et al. 2021). */
  calibrate: z.boolean().default(false),
});

export const direct = strategy({
  about: 'the answer at once (Brown et al. 2020)',
  options,
  async run(problem, { by, calibrate }, session) {
    if (by === 'writing') {
      if (calibrate)
        throw usageError('TSLM_UNUSED_OPTION', "direct: 'calibrate' goes with by: probability", 'set both');
      const [chain] = await draw(problem, session, { constrained: true });
      session.end(chain);
      return { answer: chain.answer };
    }
    const { choices, contentFree = [] } = problem;
    if (!choices)
      throw usageError('TSLM_NOT_CHOICES', 'direct: the parser has no choices', 'use `parser: {kind: choice}`');
    const texts = choices.map(({ text }) => text);
    const { raw, calibrated } = await calibratedChoice(session, problem.prompt, calibrate ? contentFree : [], texts);
    const values = calibrate ? calibrated : raw;
    const best = values.indexOf(Math.max(...values));
    const answer = problem.parse(choices[best].key);
    session.end({ text: texts[best], answer, tokens: 0, logProb: Math.log(values[best]), score: values[best] });
    return { answer, votes: choices.map(({ key }, i) => ({ answer: key, count: 1, weight: values[i] })) };
  },
});
