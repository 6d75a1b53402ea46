/** Problems whose answers are worked out here in another way than there. */
import { describe, expect, test } from 'vitest';
import { FORMATS, reverse } from '../../../src/data/problems/problem.ts';
import { completionOf, problemRows, splitOf } from '../../../src/data/problems/problem-rows.ts';
import { PROBLEMS } from '../../../src/data/problems/tasks.ts';
import { createRandom } from '../../../src/support/random.ts';

const count = (text: string, of: string) => text.split(of).length - 1;

/** The answer from the question alone. */
const SOLVERS: Record<string, (question: string) => string> = {
  addition: question => String(question.split('+').reduce((sum, part) => sum + Number(part), 0)),
  subtraction: question =>
    String(
      question
        .split('-')
        .map(Number)
        .reduce((a, b) => a - b),
    ),
  multiplication: question => String(BigInt(question.split('*')[0]) * BigInt(question.split('*')[1])),
  parity: question => String(count(question, '1') % 2),
  'coin-flip': question => (count(question, ' flips the coin') % 2 === 0 ? 'yes' : 'no'),
  'last-letters': question => question.replace(/\w*(\w)( |$)/g, '$1'),
  sorting: question =>
    question
      .split(',')
      .map(Number)
      .sort((a, b) => a - b)
      .join(','),
  'edit-distance': question => String(distance(...(question.split(' ') as [string, string]))),
  expressions: question => String(((Function(`return ${question}`)() % 10) + 10) % 10),
  dates: question => {
    const [, date, days] = /^(.*)\+(\d+)$/.exec(question)!;
    const time = new Date(`${date}T12:00:00Z`);
    time.setUTCDate(time.getUTCDate() + Number(days));
    return time.toISOString().slice(0, 10);
  },
  'word-problems': story(/has (\d+)/, /gets (\d+)/g, /away (\d+)/g),
  'word-problems-zh': story(/有(\d+)/, /得到(\d+)/g, /送出(\d+)/g),
  'two-hops': hops(/(\w+) is with (\w+)\./g, /(\w+) is in (\w+)\./g, /Where is (\w+)/),
  'two-hops-zh': hops(/([^。]+)和([^。]+)在一起。/g, /([^。和]+)在([^。一]+)。/g, /([^。]+)在哪里/),
};

function story(has: RegExp, gets: RegExp, gives: RegExp) {
  const sum = (text: string, of: RegExp) => [...text.matchAll(of)].reduce((total, [, n]) => total + Number(n), 0);
  return (question: string) => String(Number(has.exec(question)![1]) + sum(question, gets) - sum(question, gives));
}

function hops(together: RegExp, at: RegExp, asked: RegExp) {
  return (question: string) => {
    const next = new Map([...question.matchAll(together)].map(([, a, b]) => [a, b]));
    const place = new Map([...question.matchAll(at)].map(([, a, b]) => [a, b]));
    let who = asked.exec(question)![1];
    while (next.has(who)) who = next.get(who)!;
    return place.get(who)!;
  };
}

/** By recursion, not by rows. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  if (a[0] === b[0]) return distance(a.slice(1), b.slice(1));
  return 1 + Math.min(distance(a.slice(1), b), distance(a, b.slice(1)), distance(a.slice(1), b.slice(1)));
}

test('every problem has a solver here', () => expect(Object.keys(SOLVERS)).toEqual(Object.keys(PROBLEMS)));

describe.each(Object.entries(PROBLEMS))('%s', (name, task) => {
  const sizes = [1, task.size.default, Math.min(task.size.most, 2 * task.size.default)];

  test.each(sizes)('of size %i has the answer that its question asks for', size => {
    const random = createRandom(7);
    for (let i = 0; i < 200; i++) {
      const { question, answer, steps, detailed } = task.draw(random, size);
      expect([question, answer]).toEqual([question, SOLVERS[name](question)]);
      expect(steps.length).toBeGreaterThan(0);
      expect(detailed!.length).toBeGreaterThan(0);
    }
  });

  test('is the same from the same seed, another from another', () => {
    const draw = (seed: number) => problemRows(name, task, 'train', 5, { format: 'chain', seed });
    expect(draw(3)).toEqual(draw(3));
    expect(draw(4)).not.toEqual(draw(3));
  });
});

test('a sum by hand: columns from the last digit, with their carries', () => {
  // 611 + 900: digits 1, 1, 5 with 0, 0, 1 carried.
  const { question, answer, steps, detailed } = PROBLEMS.addition.draw(createRandom(1), 3);
  expect({ question, answer, steps, detailed }).toEqual({
    question: '611+900',
    answer: '1511',
    steps: ['10', '10', '51'],
    detailed: ['1+0+0=1c0', '1+0+0=1c0', '6+9+0=5c1'],
  });
});

test('what is written in each format', () => {
  const task = PROBLEMS.addition;
  const problem = { question: '57+68', answer: '125', steps: ['51', '21'], detailed: ['7+8+0=5c1', '5+6+1=2c1'] };
  expect(FORMATS.map(format => completionOf(problem, task, format))).toEqual([
    '125',
    '521',
    '51 21#125',
    '7+8+0=5c1 5+6+1=2c1#125',
  ]);
});

test('no question is both learnt and tested, whatever the seed and the sizes', () => {
  const rows = (split: 'train' | 'test', seed: number, minSize: number) =>
    problemRows('addition', PROBLEMS.addition, split, 300, { seed, size: 2, minSize }).map(row => row.prompt);
  const learnt = new Set([...rows('train', 1, 1), ...rows('train', 2, 2)]);
  const tested = [...rows('test', 1, 2), ...rows('test', 9, 1)];
  expect(tested.filter(prompt => learnt.has(prompt))).toEqual([]);
  expect(new Set(tested).size).toBeGreaterThan(300);
  expect(learnt.size).toBeGreaterThan(500);
});

test('one question in twenty is for tests, one for validation', () => {
  const splits = Array.from({ length: 20_000 }, (_, i) => splitOf(`question ${i}`));
  for (const split of ['test', 'validation'] as const) {
    const share = splits.filter(one => one === split).length / splits.length;
    expect(Math.abs(share - 0.05)).toBeLessThan(0.006); // four standard deviations
  }
});

test('answers are reversed where they are worked out from the end, and nowhere else', () => {
  const [row] = problemRows('addition', PROBLEMS.addition, 'train', 1, { format: 'reversed' });
  expect(reverse(row.answer)).toBe(SOLVERS.addition(row.prompt.slice(0, -1)));
  expect(row.completion).toBe(row.answer);
  expect(() => problemRows('parity', PROBLEMS.parity, 'train', 1, { format: 'reversed' })).toThrow(
    "answers of 'parity' are not numbers that are worked out from the end",
  );
});

test('chains lose their beginning, some rows more than others', () => {
  const rows = (options: object) =>
    problemRows('parity', PROBLEMS.parity, 'train', 400, { format: 'chain', size: 12, ...options });
  const [whole, cut, smooth] = [rows({}), rows({ drop: 3 }), rows({ drop: 3, smoothing: 1 })];
  expect(whole[0].completion).toMatch(/^[01]{12}#[01]$/);
  expect(cut.map(row => row.completion)).toEqual(whole.map(row => row.completion.slice(3)));
  expect(smooth.map(row => row.prompt)).toEqual(whole.map(row => row.prompt));
  // With λ = 1 the mean of what is lost beyond is 1 / (e − 1) = 0.58.
  const beyond = smooth.map((row, i) => cut[i].completion.length - row.completion.length);
  expect(Math.abs(beyond.reduce((sum, n) => sum + n, 0) / beyond.length - 0.58)).toBeLessThan(0.2);
  expect(rows({ drop: 99 })[0].completion).toMatch(/^#[01]$/);
});

test('says when a problem has no more questions', () => {
  expect(() => problemRows('parity', PROBLEMS.parity, 'train', 1000, { size: 4 })).toThrow(
    "'parity' of size 4 has no 1000 questions for train",
  );
});
