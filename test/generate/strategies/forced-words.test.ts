/** Beam search for texts that hold given words: against exhaustive search, and that every text does hold them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../../src/generate/config/generation-options.ts';
import { generateSequences } from '../../../src/generate/sequences.ts';
import { beamSearch } from '../../../src/generate/strategies/beam-search.ts';
import type { Hypothesis } from '../../../src/generate/strategies/beams.ts';
import { forcedWords } from '../../../src/generate/strategies/forced-words.ts';
import { randomModel } from '../../models/families/helpers.ts';
import { tinyConfigs } from '../../models/tiny-configs.ts';
import { scriptedLogProbs, scriptedSession } from '../scripted.ts';

const VOCAB = 5;
const EOS = 4;

function search(prompt: number[], options: GenerationOptions): Hypothesis[] {
  const start = {
    prompts: [{ ids: prompt, padding: 0 }],
    session: scriptedSession(VOCAB),
    context: 1000,
    [Symbol.dispose]() {},
  };
  const steps = beamSearch(start, resolveGenerationConfig(options));
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value[0];
}

const holds = (text: number[], word: number[]): boolean => ` ${text.join(' ')} `.includes(` ${word.join(' ')} `);
const holdsAll = (text: number[], words: number[][][]): boolean =>
  words.every(spellings => spellings.some(spelling => holds(text, spelling)));

describe('with as many beams as texts', () => {
  it.each([
    [[[[2]]]],
    [[[[1, 3]]]],
    [[[[1, 1, 2]], [[2, 0]]]],
    [
      [
        [
          [0, 3],
          [2, 2],
        ],
        [[1]],
      ],
    ],
    [[[[3, 0]], [[0, 3]]]],
  ])('finds the best of the texts that hold %j', forceWordsIds => {
    const length = 5;
    const found: { ids: number[]; score: number }[] = [];
    const visit = (ids: number[], sum: number): void => {
      const generated = ids.slice(1);
      if (generated.length === length || generated.at(-1) === EOS) {
        if (holdsAll(generated, forceWordsIds)) found.push({ ids, score: sum / generated.length });
        return;
      }
      for (const [id, logProb] of scriptedLogProbs(ids, VOCAB).entries()) visit([...ids, id], sum + logProb);
    };
    visit([1], 0);
    const expected = found.sort((a, b) => b.score - a.score).slice(0, 8);
    const options = {
      numBeams: 4 ** 4 * 5,
      maxNewTokens: length,
      eosTokenId: EOS,
      numReturnSequences: 8,
      forceWordsIds,
    };
    const texts = search([1], { ...options, earlyStopping: 'never' });
    expect(texts.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
    for (const [i, { score }] of texts.entries()) expect(Math.abs(score - expected[i].score)).toBeLessThan(1e-4);
  });
});

const word = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
const words = fc.array(fc.array(word, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 });

describe('with few beams', () => {
  it('gives texts that hold all words, and at least one', () => {
    fc.assert(
      fc.property(
        words,
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 0, max: 4 }),
        (forceWordsIds, numBeams, extra) => {
          const needed = forceWordsIds.reduce((sum, spellings) => sum + Math.min(...spellings.map(s => s.length)), 0);
          const options = { numBeams, maxNewTokens: needed + extra, eosTokenId: EOS, numReturnSequences: numBeams };
          const texts = search([1], { ...options, forceWordsIds });
          expect(texts.length).toBeGreaterThan(0);
          for (const { ids } of texts) expect(holdsAll(ids.slice(1), forceWordsIds)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each(['llama', 't5'])('does so with %s, for each prompt', type => {
    using model = randomModel({ model_type: type, ...tinyConfigs[type] });
    const forceWordsIds = [
      [11, 12, 13],
      [[20], [21, 22]],
    ];
    const config = resolveGenerationConfig({
      numBeams: 4,
      maxNewTokens: 10,
      eosTokenId: 2,
      numReturnSequences: 2,
      forceWordsIds,
    });
    const inputIds = [
      [5, 6],
      [7, 8, 9],
    ];
    const { sequences } = generateSequences(model, { inputIds }, config);
    expect(sequences).toHaveLength(4);
    for (const text of sequences) {
      expect(holds(text, [11, 12, 13]) && (holds(text, [20]) || holds(text, [21, 22]))).toBe(true);
    }
  });
});

describe('forcedWords', () => {
  it('counts what is missing, and says what brings it nearer', () => {
    const { missing, next } = forcedWords([[[1, 2, 3]], [[4], [5, 6]]]);
    expect([[], [1], [1, 2], [1, 2, 1], [1, 2, 3], [1, 2, 3, 5], [4, 1, 2, 3]].map(missing)).toEqual([
      4, 3, 2, 3, 1, 1, 0,
    ]);
    expect(next([]).sort()).toEqual([1, 4, 5]);
    expect(next([1, 2]).sort()).toEqual([3, 4, 5]);
    expect(next([1, 2, 3, 5]).sort()).toEqual([4, 6]);
    expect(next([4, 1, 2, 3])).toEqual([]);
  });

  it('is brought nearer by one of the tokens that it names, from every text', () => {
    fc.assert(
      fc.property(words, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 }), (spellings, text) => {
        const { missing, next } = forcedWords(spellings);
        const before = missing(text);
        expect(before === 0).toBe(holdsAll(text, spellings));
        if (before > 0) expect(Math.min(...next(text).map(id => missing([...text, id])))).toBeLessThan(before);
      }),
    );
  });
});

describe('what cannot be', () => {
  it.each([
    [{ forceWordsIds: [[3]] }, /'forceWordsIds' has no effect without beams/],
    [{ forceWordsIds: [[3]], numBeams: 2, doSample: true }, /'forceWordsIds' do not go with 'doSample'/],
    [
      { forceWordsIds: [[3]], numBeams: 2, numBeamGroups: 2, diversityPenalty: 1 },
      /'forceWordsIds' do not go with 'numBeamGroups'/,
    ],
    [{ forceWordsIds: [[]], numBeams: 2 }, /'forceWordsIds/],
  ])('is refused: %j', (options, message) => {
    expect(() => resolveGenerationConfig(options)).toThrow(message);
  });

  it('is refused where the words are longer than the text', () => {
    const options = { forceWordsIds: [[1, 2, 3], [0]], numBeams: 2, maxNewTokens: 3 };
    expect(() => search([1], options)).toThrow(/words of 4 tokens, and 'maxNewTokens' or 'maxLength' leaves 3/);
  });
});
