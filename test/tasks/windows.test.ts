import { describe, expect, it } from 'vitest';
import { windowsOf } from '../../src/tasks/windows.ts';
import { errorOf } from '../data/helpers.ts';
import { wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const context = 'the cat sat on the mat . '.repeat(6);
const whole = tokenizer.encode('who sat ?', { pair: context });

describe('windows of a long text', () => {
  it('hold the whole text, each between the question and the end', () => {
    const windows = windowsOf(whole, 1, { maxLength: 15, stride: 3 });
    const [first] = windows;
    const question = whole.tokens.slice(0, 5);
    for (const { tokens, length } of windows) {
      expect(length).toBeLessThanOrEqual(15);
      expect(tokens.slice(0, 5)).toEqual(question);
      expect(tokens.at(-1)).toBe('[SEP]');
    }
    const parts = windows.map(({ starts }) => starts.slice(5, -1));
    for (const [i, part] of parts.entries()) if (i > 0) expect(part.slice(0, 3)).toEqual(parts[i - 1].slice(-3));
    expect(parts.flatMap((part, i) => (i === 0 ? part : part.slice(3)))).toEqual(whole.starts.slice(5, -1));
    expect(first.typeIds).toEqual([...new Array(5).fill(0), ...new Array(10).fill(1)]);
  });

  it('are one where it fits', () => {
    expect(windowsOf(whole, 1, { maxLength: 100, stride: 3 })).toEqual([whole]);
  });

  it('refuse a question that leaves no room', async () => {
    const error = await errorOf(() => windowsOf(whole, 1, { maxLength: 9, stride: 3 }));
    expect(error).toMatchObject({ code: 'TSLM_BAD_STRIDE' });
  });
});
