import { describe, expect, it } from 'vitest';
import { createBatch } from '../../src/engine/batch.ts';
import { createPagePool } from '../../src/engine/pages.ts';
import { inputOf, planStep, SCORED_TOKENS, stretchesOf } from '../../src/engine/step-plan.ts';
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

describe('the plan of a step', () => {
  function batchOf(pages: number, lengths: number[]) {
    const batch = createBatch(createPagePool(pages, 4), 8);
    for (const [i, length] of lengths.entries()) {
      batch.add(fakeSequence({ ids: range(length).map(id => id + i), owner: { client: `${i}`, request: '' } }));
    }
    batch.admit(() => {});
    return batch;
  }
  const options = { maxPromptTokens: 64, isPrepared: () => true };

  it('has every text once, and counts its turns', () => {
    const batch = batchOf(16, [3, 5]);
    const planned = planStep(batch, options);
    expect(planned.map(({ input }) => input.ids)).toEqual([range(3), range(5).map(id => id + 1)]);
    expect(planned.map(({ sequence }) => sequence.turn)).toEqual([1, 1]);
  });

  it('leaves out a text of which it is not known what may follow', () => {
    const batch = batchOf(16, [3, 5]);
    const [first] = batch.running;
    const planned = planStep(batch, { ...options, isPrepared: sequence => sequence !== first });
    expect(planned.map(({ sequence }) => sequence)).toEqual([batch.running[1]]);
    expect(first.turn).toBe(0);
  });

  it('asks that of no text that has more to read', () => {
    const batch = batchOf(16, [9]);
    const never = (): boolean => {
      throw new Error('nothing is chosen in this step');
    };
    expect(planStep(batch, { maxPromptTokens: 4, isPrepared: never })).toMatchObject([{ input: { logits: 'none' } }]);
  });

  it('lets a text wait whose pages another one takes', () => {
    const batch = batchOf(2, [3, 3]);
    // Both have read their page of four, and there is no other.
    for (const sequence of batch.running) {
      sequence.row.ids.push(1, 2);
      sequence.past = 4;
    }
    const planned = planStep(batch, options);
    expect(planned).toHaveLength(1);
    expect(batch.running).toHaveLength(1);
    expect(batch.waiting).toMatchObject([{ past: 0, pages: [] }]);
  });
});
