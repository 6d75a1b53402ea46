import { describe, expect, it } from 'vitest';
import { bagOfWords, majority } from '../../../src/evaluate/baselines/bag-of-words.ts';

describe('bag of words', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    text: i % 2 === 0 ? `the plot is good, number ${i}` : `the plot is not good, number ${i}`,
    label: i % 2 === 0 ? 'yes' : 'no',
  }));

  it('learns words and neighbours', () => {
    const model = bagOfWords(rows);
    expect(model.predict({ text: 'The film is good' })).toBe('yes');
    expect(model.predict({ text: 'It is NOT good' })).toBe('no');
  });

  it('takes each Chinese character for a word', () => {
    const chinese = Array.from({ length: 20 }, (_, i) => ({
      text: i % 2 ? '服务很差' : '服务很好',
      label: i % 2 ? '差' : '好',
    }));
    const model = bagOfWords(chinese);
    expect(model.predict({ text: '味道很好' })).toBe('好');
    expect(model.predict({ text: '味道很差' })).toBe('差');
  });

  it('tells the two texts of a pair apart, and whether they say the same', () => {
    const words = ['cat', 'dog', 'bird', 'fish'];
    const pairs = words.flatMap(a =>
      words.map(b => ({ text: `a ${a}`, pair: `a ${b}`, label: a === b ? 'same' : 'other' })),
    );
    const model = bagOfWords([
      ...pairs,
      ...pairs.filter(({ label }) => label === 'same'),
      ...pairs.filter(({ label }) => label === 'same'),
    ]);
    expect(model.predict({ text: 'a cat', pair: 'a cat' })).toBe('same');
    expect(model.predict({ text: 'a cat', pair: 'a fish' })).toBe('other');
  });

  it('majority is the most frequent label, of equal ones the first by name', () => {
    expect(majority(['b', 'a', 'b'])).toBe('b');
    expect(majority(['b', 'a'])).toBe('a');
  });
});
