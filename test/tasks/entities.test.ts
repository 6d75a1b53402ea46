import { describe, expect, it } from 'vitest';
import { type Aggregation, aggregate, type LabelledToken, withoutOverlaps } from '../../src/tasks/entities.ts';

const labels = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'];
const join = (tokens: readonly string[]): string => tokens.join(' ').replaceAll(' ##', '');

/** Tokens with the probabilities of `labels`, one after the other with a space between words. */
function tokensOf(...given: [word: string, scores: number[]][]): LabelledToken[] {
  let at = 0;
  return given.map(([word, scores], index) => {
    const isSubword = word.startsWith('##');
    const start = at + (isSubword || index === 0 ? 0 : 1);
    at = start + (isSubword ? word.length - 2 : word.length);
    return { index: index + 1, word, scores, start, end: at, isSubword };
  });
}

const sentence = tokensOf(
  ['Ann', [0.1, 0.6, 0.1, 0.1, 0.1]],
  ['##a', [0.1, 0.1, 0.1, 0.1, 0.6]],
  ['Lee', [0.05, 0.05, 0.8, 0.05, 0.05]],
  ['in', [0.9, 0.025, 0.025, 0.025, 0.025]],
  ['Paris', [0.1, 0.1, 0.1, 0.5, 0.2]],
  ['Berlin', [0.1, 0.1, 0.1, 0.7, 0]],
);
const named = (aggregation: Aggregation) =>
  aggregate(sentence, aggregation, { labels, join }).map(({ label, word, start, end }) => [label, word, start, end]);

describe('entities', () => {
  it('are tokens with their own labels', () => {
    const found = aggregate(sentence, 'none', { labels, join });
    expect(found.map(({ label }) => label)).toEqual(['B-PER', 'I-LOC', 'I-PER', 'O', 'B-LOC', 'B-LOC']);
    expect(found[2]).toEqual({ label: 'I-PER', score: 0.8, word: 'Lee', start: 5, end: 8, index: 3 });
  });

  it('are neighbours of one kind, until another begins', () => {
    expect(named('simple')).toEqual([
      ['PER', 'Ann', 0, 3],
      ['LOC', '##a', 3, 4],
      ['PER', 'Lee', 5, 8],
      ['O', 'in', 9, 11],
      ['LOC', 'Paris', 12, 17],
      ['LOC', 'Berlin', 18, 24],
    ]);
  });

  it('take the label of the first token of a word', () => {
    expect(named('first').slice(0, 2)).toEqual([
      ['PER', 'Anna Lee', 0, 8],
      ['O', 'in', 9, 11],
    ]);
    const [anna] = aggregate(sentence, 'first', { labels, join });
    expect(anna.score).toBeCloseTo((0.6 + 0.8) / 2, 10);
  });

  it('take that of the surest token, or of the mean', () => {
    const word = tokensOf(['Ann', [0.1, 0.5, 0, 0.4, 0]], ['##a', [0.1, 0, 0, 0.8, 0.1]], ['##b', [0.1, 0.9, 0, 0, 0]]);
    expect(aggregate(word, 'max', { labels, join })).toEqual([
      { label: 'PER', score: 0.9, word: 'Annab', start: 0, end: 5 },
    ]);
    const [mean] = aggregate(word.slice(0, 2), 'average', { labels, join });
    expect(mean).toEqual({ label: 'LOC', score: expect.closeTo(0.6, 10), word: 'Anna', start: 0, end: 4 });
  });

  it('are none without tokens', () => {
    expect(aggregate([], 'first', { labels, join })).toEqual([]);
  });

  it('of overlapping parts are the longer, then the surer ones', () => {
    const entity = (start: number, end: number, score: number) => ({ label: 'LOC', word: 'x', start, end, score });
    const [short, long, sure, after] = [entity(0, 3, 0.9), entity(0, 8, 0.5), entity(0, 8, 0.6), entity(8, 9, 0.1)];
    expect(withoutOverlaps([short, long])).toEqual([long]);
    expect(withoutOverlaps([long, short, sure, after])).toEqual([sure, after]);
  });
});
