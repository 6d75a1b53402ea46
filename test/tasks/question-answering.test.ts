import { describe, expect, it } from 'vitest';
import { bestSpans } from '../../src/tasks/answer-spans.ts';
import { answerQuestion } from '../../src/tasks/question-answering.ts';
import { alone, softmax, tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const reader = () => tinyModel('bert', 'BertForQuestionAnswering');
const question = 'Where is Ann?';
const context = '🙂 Ann met Lee in Paris. The unhappy dog sat on the mat.';

describe('spans', () => {
  it('are every start with every end behind it', () => {
    const start = [9, 0, 1, 2, 7];
    const end = [9, 3, 0, 1, 7];
    const isCandidate = [true, true, true, true, false];
    const [s, e] = [start, end].map(logits => softmax(logits.slice(0, 4)));
    const { spans, noAnswer } = bestSpans({ start, end, isCandidate }, { topK: 10, maxAnswerLength: 2 });
    expect(noAnswer).toBeCloseTo(s[0] * e[0], 10);
    const expected = [
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
      [3, 3],
    ].map(([first, last]) => ({ first, last, score: expect.closeTo(s[first] * e[last], 10) }));
    const inOrder = spans.toSorted((a, b) => a.first - b.first || a.last - b.last);
    // The first token, which stands for no answer, is no start and no end.
    expect(inOrder.filter(({ first }) => first > 0)).toEqual(expected);
    expect(inOrder.filter(({ first }) => first === 0).every(({ score }) => score === 0)).toBe(true);
  });
});

describe('question answering', () => {
  it('finds the most probable part of the text', () => {
    using model = reader();
    const options = { topK: 3, alignToWords: false, maxAnswerLength: 4 };
    const { answers, tokens } = answerQuestion(model, tokenizer, { question, context }, options);
    const { ids, typeIds, sequenceIds, starts, ends } = tokenizer.encode(question, { pair: context });
    const { startLogits, endLogits } = alone(model, ids, typeIds);
    const isContext = (i: number): boolean => sequenceIds[i] === 1 || i === 0;
    const [s, e] = [startLogits!, endLogits!].map(logits =>
      softmax(logits.toNumbers().map((logit, i) => (isContext(i) ? logit : Number.NEGATIVE_INFINITY))),
    );
    const all = ids.flatMap((_, first) =>
      [0, 1, 2, 3]
        .map(more => first + more)
        .filter(last => sequenceIds[first] === 1 && sequenceIds[last] === 1)
        .map(last => ({ score: s[first] * e[last], start: starts[first], end: ends[last] })),
    );
    const best = all.sort((a, b) => b.score - a.score).slice(0, 3);
    expect(tokens).toBe(ids.length);
    expect(answers.map(({ start, end }) => [start, end])).toEqual(best.map(({ start, end }) => [start, end]));
    for (const [i, { text, score, start, end }] of answers.entries()) {
      expect(score).toBeCloseTo(best[i].score, 5);
      expect(text).toBe([...context].slice(start, end).join(''));
    }
  });

  it('gives whole words, each answer once', () => {
    using model = reader();
    const { answers } = answerQuestion(model, tokenizer, { question, context }, { topK: 20 });
    const words = [...context.matchAll(/\w+|[^\s\w]+/gu)].map(match => [...context.slice(0, match.index)].length);
    expect(answers.length).toBeGreaterThan(5);
    for (const { start } of answers) expect(words).toContain(start);
    expect(new Set(answers.map(({ text }) => text.toLowerCase())).size).toBe(answers.length);
    const scores = answers.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  it('reads a long text in windows, and says where in the whole the answer is', () => {
    using model = reader();
    const long = `${'the cat sat on a mat . '.repeat(12)}${context}`;
    const options = { topK: 40, stride: 8, maxAnswerLength: 6 };
    const { answers, tokens } = answerQuestion(model, tokenizer, { question, context: long }, options);
    expect(tokens).toBeGreaterThan(120);
    for (const { text, start, end } of answers) expect([...long].slice(start, end).join('')).toBe(text);
    expect(answers.some(({ text }) => /paris|lee|unhappy/i.test(text))).toBe(true);
  });

  it('may say that there is no answer', () => {
    using model = reader();
    const given = { question, context };
    const { answers } = answerQuestion(model, tokenizer, given, { topK: 100, handleImpossibleAnswer: true });
    const none = answers.find(({ text }) => text === '');
    const { ids, typeIds, sequenceIds } = tokenizer.encode(question, { pair: context });
    const { startLogits, endLogits } = alone(model, ids, typeIds);
    const [s, e] = [startLogits!, endLogits!].map(logits =>
      softmax(logits.toNumbers().filter((_, i) => sequenceIds[i] === 1 || i === 0)),
    );
    expect(none).toEqual({ text: '', score: expect.closeTo(s[0] * e[0], 6), start: 0, end: 0 });
  });
});
