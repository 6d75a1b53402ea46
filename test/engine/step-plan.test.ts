import { describe, expect, it } from 'vitest';
import { inputOf, SCORED_TOKENS, stretchesOf } from '../../src/engine/step-plan.ts';
import { fakeSequence } from './fake-model.ts';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe('what a step reads', () => {
  /** Texts by their client, with the tokens that they have and those that were read; then what each reads. */
  const cases: [what: string, texts: [client: string, length: number, past: number][], counts: number[]][] = [
    [
      'a token of every text that grows, whatever room prompts have',
      [
        ['a', 9, 8],
        ['b', 30, 29],
      ],
      [1, 1],
    ],
    ['a prompt at once where there is room', [['a', 12, 0]], [12]],
    ['the beginning of a longer one', [['a', 40, 0]], [16]],
    ['the rest of it', [['a', 40, 32]], [8]],
    [
      'as much of every client',
      [
        ['a', 40, 0],
        ['b', 40, 0],
      ],
      [8, 8],
    ],
    [
      'what one leaves for another',
      [
        ['a', 3, 0],
        ['b', 40, 0],
      ],
      [3, 13],
    ],
    [
      'the first of one client before its next',
      [
        ['a', 40, 0],
        ['a', 40, 0],
        ['b', 40, 0],
      ],
      [8, 0, 8],
    ],
    [
      'prompts beside a text that grows',
      [
        ['a', 9, 8],
        ['b', 40, 0],
      ],
      [1, 16],
    ],
  ];
  it.each(cases)('%s', (_, texts, counts) => {
    const running = texts.map(([client, length, past]) =>
      fakeSequence({ ids: range(length), owner: { client, request: client } }, { past }),
    );
    const stretches = stretchesOf(running, 16);
    expect(running.map(sequence => stretches.find(one => one.sequence === sequence)?.count ?? 0)).toEqual(counts);
    for (const { sequence, count, isLast } of stretches) {
      expect(isLast).toBe(sequence.past + count === sequence.row.ids.length);
    }
  });

  it('reads fewer tokens at once where each has logits', () => {
    const scored = fakeSequence({ ids: range(200), promptLogprobs: 0 });
    expect(stretchesOf([scored], 256)).toMatchObject([{ count: SCORED_TOKENS, isLast: false }]);
  });
});

describe('what the model is given', () => {
  it.each([
    ['the beginning of a prompt', {}, { past: 0, count: 3 }, 'none'],
    ['its end', {}, { past: 3, count: 2 }, 'last'],
    ['the beginning of one whose tokens are scored', { promptLogprobs: 1 }, { past: 0, count: 3 }, 'all'],
  ])('for %s', (_, more, { past, count }, logits) => {
    const sequence = fakeSequence({ ids: [5, 6, 7, 8, 9], ...more }, { past, pages: [3, 1] });
    const input = inputOf({ sequence, count, isLast: past + count === 5 });
    expect(input).toEqual({ ids: [5, 6, 7, 8, 9].slice(past, past + count), past, pages: [3, 1], logits });
  });
});
