/** Which of its own answers a model learns, and what the loss of these is. */
import { describe, expect, it } from 'vitest';
import type { JudgedAnswer, PromptExample, WrittenAnswer } from '../../src/objectives/exploration.ts';
import { tokenLogProbs } from '../../src/objectives/judged-batch.ts';
import { rightOnes, star, starOptions } from '../../src/objectives/star.ts';
import { noGrad, scope } from '../../src/torch/index.ts';
import { tinyModel, tokenizers } from './helpers.ts';

const tokenizer = tokenizers.byteLevel();
const objective = star(
  { tokenizer, context: 16 },
  starOptions.parse({ name: 'star', rewards: 'exact', numGenerations: 3 }),
);
const example: PromptExample = { ids: Uint32Array.of(1, 2), prompt: 'p', columns: {}, place: 'row 1' };
const answer = (ids: number[], reward: number): WrittenAnswer => ({
  ids: Uint32Array.from(ids),
  prompt: 2,
  text: '',
  isWhole: true,
  rewards: [reward],
});

describe('right ones', () => {
  it('are those that are worth enough, as many of a group as are kept', () => {
    const totals = [0, 1, 1, 0.4, null, 2];
    expect(rightOnes(totals, { group: 3, threshold: 1, keep: 1 })).toEqual([0, 1, 0, 0, 0, 1]);
    expect(rightOnes(totals, { group: 3, threshold: 0.4, keep: 2 })).toEqual([0, 1, 1, 1, 0, 1]);
  });
});

describe('star', () => {
  const model = tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize);
  const judged = (answers: WrittenAnswer[]) =>
    objective.batch(objective.explores!.judged([example], [answers]) as PromptExample[], 'cpu');

  it('has the negative log-likelihood of the right answers a token, and of no other', () =>
    scope(() => {
      const answers = [answer([1, 2, 3], 0), answer([1, 2, 4, 5], 1), answer([1, 2, 6, 7], 1)];
      const batch = judged(answers);
      expect(batch.answers.map(({ advantage }: JudgedAnswer) => advantage)).toEqual([0, 1, 0]);
      expect(objective.counts(batch)).toMatchObject({ answers: 2, kept: 3, reward: 3 });
      const found = noGrad(() => objective.means(model, batch));
      const alone = judged([answer([1, 2, 4, 5], 1), answer([1, 2, 3], 0), answer([1, 2, 3], 0)]);
      const logProbs = noGrad(() => tokenLogProbs(model, alone, 1)).toNumbers();
      expect(found.answers!.item()).toBeCloseTo(-(logProbs[0] + logProbs[1]) / 2, 5);
      expect(found.kept!.item()).toBeCloseTo(1 / 3, 6);
      expect(found.reward!.item()).toBeCloseTo(2 / 3, 6);
    }));

  it('learns nothing where nothing is right', () =>
    scope(() => {
      const batch = judged([answer([1, 2, 3], 0), answer([1, 2, 4], 0), answer([1, 2, 6], 0)]);
      expect(objective.counts(batch).answers).toBe(0);
      expect(Object.keys(noGrad(() => objective.means(model, batch)))).not.toContain('answers');
    }));
});
