import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { createStopCriteria, createStopStringMatcher } from '../../src/generate/stopping.ts';

/** What is shown for a text that arrives in these pieces. */
function show(pieces: string[], stops: string[]): { shown: string; stopped: string | undefined; each: string[] } {
  const matcher = createStopStringMatcher(stops);
  const each = pieces.map(piece => matcher.push(piece));
  return { each, shown: each.join('') + matcher.flush(), stopped: matcher.stopped };
}

describe('createStopStringMatcher', () => {
  it('holds back what may begin a stop string and shows it when it does not', () => {
    expect(show(['Hello\n', '\nUser', 's ', 'all'], ['\n\nUser:']).each).toEqual(['Hello', '', '\n\nUsers ', 'all']);
  });

  it('ends before a stop string that is spread over pieces', () => {
    expect(show(['one\n', '\nUs', 'er', ': two', 'three'], ['\n\nUser:'])).toEqual({
      each: ['one', '', '', '', ''],
      shown: 'one',
      stopped: '\n\nUser:',
    });
  });

  it('shows what is held back when generation ends otherwise', () => {
    expect(show(['ab', 'c'], ['cd'])).toEqual({ each: ['ab', ''], shown: 'abc', stopped: undefined });
  });

  it('lets the stop string win that is complete first', () => {
    expect(show(['xabcdx'], ['abcd', 'bc'])).toMatchObject({ shown: 'xa', stopped: 'bc' });
    expect(show(['xabc'], ['bc', 'abc'])).toMatchObject({ shown: 'x', stopped: 'abc' });
  });

  it('passes text through when there is nothing to look for', () => {
    expect(show(['a', 'b'], []).each).toEqual(['a', 'b']);
    expect(show(['a', 'b'], ['']).each).toEqual(['a', 'b']);
  });

  describe('with special tokens', () => {
    const run = (stops: string[], ...pushes: [piece: string, special?: string][]) => {
      const matcher = createStopStringMatcher(stops, ['<end>', '<start>']);
      const shown = pushes.map(([piece, special]) => matcher.push(piece, special));
      return {
        shown: shown.join('') + (matcher.stopped === undefined ? matcher.flush() : ''),
        stopped: matcher.stopped,
      };
    };

    it('stops at a special token that a stop string is', () => {
      expect(run(['<end>'], ['ab'], ['', '<start>'], ['c'], ['', '<end>'], ['d'])).toEqual({
        shown: 'abc',
        stopped: '<end>',
      });
    });

    it('stops at a special token within a stop string, and shows no part of it', () => {
      expect(run(['b\n<end>\n'], ['a'], ['b\n'], ['', '<end>'], ['\n'], ['c'])).toEqual({
        shown: 'a',
        stopped: 'b\n<end>\n',
      });
      expect(run(['b<end>x'], ['ab'], ['', '<end>'], ['yz'])).toEqual({ shown: 'abyz', stopped: undefined });
    });

    it('takes the stop string that is complete first, of both kinds', () => {
      expect(run(['<end>', 'cd'], ['abc'], ['d'], ['', '<end>']).stopped).toBe('cd');
      expect(run(['<end>', 'cd'], ['abc'], ['', '<end>'], ['d'])).toEqual({ shown: 'abc', stopped: '<end>' });
    });

    it('looks for other stop strings in what is shown alone', () => {
      expect(run(['end', 'bc'], ['ab'], ['', '<end>'], ['cd'])).toEqual({ shown: 'a', stopped: 'bc' });
    });

    it('takes a special token that is written out as text for what it is', () => {
      expect(run(['<end>'], ['a<e'], ['nd>b'])).toEqual({ shown: 'a', stopped: '<end>' });
    });
  });

  it('shows the same however the text is cut, and never a part of a stop string', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '字', '🙂'), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '字', '🙂'), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(letters, stops, fc.array(fc.nat(30), { maxLength: 6 }), (text, stopStrings, cuts) => {
        const edges = [0, ...cuts.map(cut => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const pieces = edges.slice(1).map((edge, i) => text.slice(edges[i], edge));
        const cut = show(pieces, stopStrings);
        const whole = show([text], stopStrings);
        const single = show(text.split(''), stopStrings);
        expect(cut.shown).toBe(whole.shown);
        expect(single.shown).toBe(whole.shown);
        expect([cut.stopped, single.stopped]).toEqual([whole.stopped, whole.stopped]);
        for (const stop of stopStrings) expect(cut.shown).not.toContain(stop);
        expect(text.startsWith(cut.shown)).toBe(true);
        expect(whole.stopped === undefined).toBe(!stopStrings.some(stop => text.includes(stop)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('createStopCriteria', () => {
  it('stops at an end-of-sequence token, but not at one of the prompt', () => {
    const stop = createStopCriteria(resolveGenerationConfig({ eosTokenId: [2, 5], maxNewTokens: 10 }), 3);
    expect(stop([1, 1, 5])).toBeUndefined();
    expect(stop([1, 1, 5, 4])).toBeUndefined();
    expect(stop([1, 1, 5, 4, 2])).toBe('eos');
  });

  it('stops at the length, in new tokens or in all', () => {
    const stop = createStopCriteria(resolveGenerationConfig({ maxNewTokens: 2 }), 3);
    expect(stop([1, 1, 1, 1])).toBeUndefined();
    expect(stop([1, 1, 1, 1, 1])).toBe('maxLength');
    expect(createStopCriteria(resolveGenerationConfig({ maxLength: 4 }), 3)([1, 1, 1, 1])).toBe('maxLength');
    const twenty = createStopCriteria(resolveGenerationConfig({}), 3);
    expect(twenty({ length: 22 })).toBeUndefined();
    expect(twenty({ length: 23 })).toBe('maxLength');
  });

  it('calls the end of the sequence by its name even at the last token', () => {
    expect(createStopCriteria(resolveGenerationConfig({ eosTokenId: 2, maxNewTokens: 1 }), 1)([1, 2])).toBe('eos');
  });

  it('stops when the time is over', () => {
    const stop = createStopCriteria(resolveGenerationConfig({ maxTime: 1e-9 }), 1);
    expect(stop([1, 1])).toBe('maxTime');
  });
});
