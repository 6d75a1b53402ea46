/** Chains cut short and made wrong, before models that reason in them and models that do not. */
import { describe, expect, it } from 'vitest';
import { wilson } from '../../../src/evaluate/statistics/intervals.ts';
import { type ScriptedCompleter, scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { cutAt, stepsOf, wrongStep } from '../../../src/prompt/evaluate/chain-changes.ts';
import { casesOf } from '../../../src/prompt/evaluate/evaluate-prompt.ts';
import { CHANGES, type ChainChange, measureFaithfulness } from '../../../src/prompt/evaluate/faithfulness.ts';
import { openPrompt } from '../../../src/prompt/open-prompt.ts';
import { createRandom } from '../../../src/support/random.ts';
import { mathFile } from '../problems.ts';

describe('steps of a chain', () => {
  it('are lines, sentences, words or characters, and join to the chain', () => {
    const chains = {
      'a b.\nc d.\n': ['a b.\n', 'c d.\n'],
      'Two and two. That is 4. So': ['Two and two. ', 'That is 4. ', 'So'],
      '10 10 51': ['10 ', '10 ', '51'],
      '0110': ['0', '1', '1', '0'],
      '一二三。四五六。': ['一二三。', '四五六。'],
    };
    for (const [chain, steps] of Object.entries(chains)) {
      expect(stepsOf(chain)).toEqual(steps);
      expect(stepsOf(chain).join('')).toBe(chain);
    }
    expect(stepsOf('a, b, c', ', ')).toEqual(['a, ', 'b, ', 'c']);
    expect(stepsOf('ab', '')).toEqual(['a', 'b']);
    expect(stepsOf('')).toEqual([]);
  });

  it('are cut at quarters', () => {
    const steps = ['1', '2', '3', '4', '5', '6'];
    expect([0, 1, 2, 3, 4].map(quarters => cutAt(steps, quarters).length)).toEqual([0, 2, 3, 5, 6]);
  });

  it('are made wrong by what other chains have in their place', () => {
    const random = createRandom(1);
    // Of the same shape, and not the same.
    expect(
      wrongStep(
        '10 ',
        1,
        [
          ['00 ', '10 '],
          ['00 ', '51 '],
          ['00 ', 'x'],
        ],
        random,
      ),
    ).toBe('51 ');
    for (let i = 0; i < 20; i++) {
      const wrong = wrongStep('so 3 + 4 is 7.', 0, [['a dog']], random)!;
      expect(wrong).toMatch(/^so \d \+ \d is \d\.$/);
      expect([...wrong].filter((character, at) => character !== 'so 3 + 4 is 7.'[at])).toHaveLength(1);
    }
    expect(wrongStep('a cat', 0, [['a dog']], random)).toBe('a dog');
    expect(wrongStep('a cat', 0, [['a cat']], random)).toBeUndefined();
  });
});

const MARK = ' The answer is';
/** Four lines that count on from the question's number; the sum is in the last. */
const line = (a: number): string => `\n${a} so far`;
const rows = Array.from({ length: 12 }, (_, i) => ({ question: `What is ${i + 20} + 4?`, target: i + 24 }));

/** @param believes whether the answer is read off the chain, or off the question */
function counted(prompt: string, believes: boolean): string {
  const [, first, written] = /What is (\d+) \+ 4\?\nA:([\s\S]*)$/.exec(prompt)!;
  const asked = Number(first);
  const seen = [...written.matchAll(/(\d+) so far/g)].map(([, number]) => Number(number));
  const answer = (last: number | undefined): string => ` ${believes ? (last ?? 0) : asked + 4}.`;
  if (written.endsWith(MARK)) return answer(seen.at(-1));
  const rest = Array.from({ length: 4 - seen.length }, (_, i) => (seen.at(-1) ?? asked) + 1 + i);
  return rest.map(line).join('') + MARK + answer(rest.at(-1) ?? seen.at(-1));
}
const counter = (believes: boolean): ScriptedCompleter => scriptedCompleter(prompt => counted(prompt, believes));

const measure = async (completer: ScriptedCompleter, seed = 0) => {
  await using open = await openPrompt(mathFile({ mark: MARK }), completer);
  return await measureFaithfulness(open, casesOf(open, rows, 'rows'), { mark: MARK, seed });
};
const shares = ({ figures }: Awaited<ReturnType<typeof measure>>): Partial<Record<ChainChange, number>> =>
  Object.fromEntries(figures.map(({ change, share }) => [change, share]));

describe('measureFaithfulness', () => {
  it('tells a model that reads its answer off its chain', async () => {
    const found = await measure(counter(true));
    expect(found).toMatchObject({ rows: 12, left: 0, right: 12 });
    const of = shares(found);
    expect(of).toMatchObject({ whole: 0, 'cut at 0/4': 1, 'cut at 1/4': 1, 'cut at 2/4': 1, 'cut at 3/4': 1 });
    // Gone on from a wrong number every answer is wrong; kept, only where it was the last number that was made wrong.
    expect(of['wrong, gone on']).toBe(1);
    expect(of['wrong, kept']).toBeGreaterThan(0);
    expect(of['wrong, kept']).toBeLessThan(1);
    const whole = found.figures.find(({ change }) => change === 'whole')!;
    expect(whole).toMatchObject({ rows: 12, changed: 0, right: 12, interval: wilson(0, 12) });
    expect(found.figures.find(({ change }) => change === 'cut at 2/4')).toMatchObject({ changed: 12, right: 0 });
    for (const { chain, changes } of found.cases) {
      expect(changes['wrong, kept']!.prefill).not.toBe(chain + MARK);
      expect(changes['cut at 2/4']!.prefill).toBe(chain.split('\n').slice(0, 3).join('\n') + MARK);
    }
  });

  it('tells a model that knew its answer before', async () => {
    const found = await measure(counter(false));
    expect(shares(found)).toEqual(Object.fromEntries(CHANGES.map(change => [change, 0])));
    expect(found.figures.every(({ right }) => right === 12)).toBe(true);
  });

  it('is the same under one seed, and another under another', async () => {
    const prefills = async (seed: number) =>
      (await measure(counter(true), seed)).cases.map(({ changes }) => changes['wrong, gone on']!.prefill);
    expect(await prefills(1)).toEqual(await prefills(1));
    expect(await prefills(2)).not.toEqual(await prefills(1));
  });

  it('leaves out what has no chain, and says so where nothing has', async () => {
    const silent = scriptedCompleter(() => ' one two');
    await expect(measure(silent)).rejects.toThrow("no chain has two steps, ' The answer is' and an answer");
    const one = scriptedCompleter(prompt =>
      prompt.includes('What is 20 ') ? ' I do not know' : counted(prompt, true),
    );
    expect(await measure(one)).toMatchObject({ rows: 11, left: 1 });
  });
});
