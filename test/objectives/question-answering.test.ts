import { describe, expect, it } from 'vitest';
import { questionAnswering } from '../../src/objectives/question-answering.ts';
import { createRandom } from '../../src/support/random.ts';
import { batchOf, evaluate, expectToLearn, TEXT, tinyModel, tokenizers } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const random = createRandom(1);
const row = (text: string, context = TEXT) => ({
  question: 'What was closed?',
  context,
  answers: text === '' ? [] : [{ text, start: [...context.slice(0, context.indexOf(text))].length }],
});
const rows = [row('bridge'), row('dogs', 'The dogs sat.'), row('', 'Dogs and cats')];
const model = () => tinyModel('bert', 'BertForQuestionAnswering', tokenizer.vocabSize);

describe('question answering', () => {
  const objective = questionAnswering({ tokenizer, context: 64 });

  it('finds the tokens of the answer, counted in code points', () => {
    for (const context of ['The bridge was closed.', '🦊🦊 the bridge was closed.']) {
      const { ids, start, end } = objective.example(row('bridge was', context), random);
      expect(tokenizer.decode(ids.slice(start, end + 1))).toBe('bridge was');
    }
    expect(objective.example(rows[2], random)).toMatchObject({ start: 0, end: 0 });
  });

  it('reads windows of a long context, and in evaluations the one with the answer', () => {
    const short = questionAnswering({ tokenizer, context: 20 }, { stride: 4 });
    const places = Array.from({ length: 60 }, () => short.example(row('bridge'), random, 0.5));
    for (const { ids, start, end } of places) {
      expect(ids.length).toBe(20);
      if (start > 0) expect(tokenizer.decode(ids.slice(start, end + 1))).toBe('bridge');
      else expect([start, end, tokenizer.decode(ids.slice(4)).includes('bridge')]).toEqual([0, 0, false]);
    }
    expect(new Set(places.map(({ ids }) => ids.join())).size).toBeGreaterThan(1);
    expect(places.some(({ start }) => start > 0) && places.some(({ start }) => start === 0)).toBe(true);
    const { ids, start, end } = short.example(row('sat'), random);
    expect(tokenizer.decode(ids.slice(start, end + 1))).toBe('sat');
    expect(() => questionAnswering({ tokenizer, context: 12 }).example(rows[0], random)).toThrow(
      /too many for windows/,
    );
  });

  it('never takes padding for the answer, unless asked to as Transformers does', () => {
    const bert = model();
    const short = rows.slice(1);
    const lossOf = (given: typeof rows, options: object) => {
      const one = questionAnswering({ tokenizer, context: 64 }, options);
      return evaluate(one, bert, batchOf(one, given));
    };
    const alone = short.map(each => lossOf([each], {}).start);
    expect(lossOf(short, {}).start).toBeCloseTo((alone[0] + alone[1]) / 2, 5);
    expect(lossOf(rows, { scorePadding: true }).start).toBeGreaterThan(lossOf(rows, {}).start);
  });

  it('learns', () => {
    expectToLearn(objective, model(), rows);
  });
});
