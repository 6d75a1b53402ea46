import { describe, expect, it } from 'vitest';
import { nameOfReward, rewardsOption } from '../../../src/objectives/reward-options.ts';
import { builtInReward, lastNumber } from '../../../src/runs/rewards/built-in.ts';

const reward = (options: unknown, completion: string, row: Record<string, unknown> = {}) =>
  builtInReward(rewardsOption.parse(options)[0] as never)('ask', completion, row);

describe('built-in rewards', () => {
  it('exact: the column, white space aside', () => {
    expect(reward('exact', ' 42\n', { answer: 42 })).toBe(1);
    expect(reward('exact', '42.', { answer: 42 })).toBe(0);
    expect(reward({ reward: 'exact', column: 'sum' }, '7', { sum: '7' })).toBe(1);
    const behind = { reward: 'exact', after: '#' };
    expect(reward(behind, '0 1 #1# 42', { answer: 42 })).toBe(1);
    expect(reward(behind, '42', { answer: 42 })).toBe(0);
    expect(reward(behind, '42 # 4', { answer: 42 })).toBe(0);
  });

  it('numeric: the last number', () => {
    expect(lastNumber('from 3 to -1,200.5 in all')).toBe(-1200.5);
    expect(lastNumber('none')).toBeUndefined();
    expect(reward('numeric', 'so 3 + 4 is 7.', { answer: '#### 7.0000001' })).toBe(1);
    expect(reward('numeric', 'seven', { answer: 7 })).toBe(0);
    expect(reward({ reward: 'numeric', tolerance: 1 }, '6', { answer: 7 })).toBe(1);
  });

  it('expression, length and schema', () => {
    expect(reward({ reward: 'expression', pattern: '^<think>.*</think>' }, '<think>a</think>b')).toBe(1);
    expect(reward({ reward: 'expression', pattern: '^b' }, 'ab')).toBe(0);
    expect(
      ['', 'abcd', 'abcdef', 'abcdefgh', 'abcdefghij'].map(text => reward({ reward: 'length', most: 4 }, text)),
    ).toEqual([1, 1, 0.5, 0, 0]);
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
    expect(['{"a": 1}', '{"a": 1.5}', '{}', 'a'].map(text => reward({ reward: 'schema', schema }, text))).toEqual([
      1, 0, 0, 0,
    ]);
  });

  it('have options of their own, and names', () => {
    const several = rewardsOption.parse(['exact', { reward: './r.mjs', export: 'share', weight: 0.5 }]);
    expect(several.map(nameOfReward)).toEqual(['exact', './r.mjs (share)']);
    expect(several).toMatchObject([{ column: 'answer', weight: 1 }, { weight: 0.5 }]);
    const problem = (value: unknown) => rewardsOption.safeParse(value).error?.issues[0].message;
    expect(problem('exakt')).toMatch(/'exakt' is no reward: did you mean 'exact'\?/);
    expect(problem('expression')).toMatch(/'expression' needs more: .*pattern/);
    expect(problem({ reward: 'expression', pattern: '(' })).toMatch(/no regular expression/);
    expect(problem({ reward: 'exact', colum: 'a' })).toMatch(/colum/);
  });
});
