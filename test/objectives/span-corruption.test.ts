import { describe, expect, it } from 'vitest';
import { drawNoiseMask, randomSpansHelper } from '../../src/objectives/noise-mask.ts';
import { drawPrefixLength, prefixLM } from '../../src/objectives/prefix-lm.ts';
import { sentinelIds, spanCorruption } from '../../src/objectives/span-corruption.ts';
import { ul2 } from '../../src/objectives/ul2.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.unigram();
const sentinels = sentinelIds(tokenizer);
const eos = tokenizer.eosTokenId!;
const ids = tokenizer.encodeIds(TEXT);
const t5 = () => tinyModel('t5', 'T5ForConditionalGeneration', tokenizer.vocabSize);

/** The text that input and labels are made of: sentinels of one stand for what follows them in the other. */
function put(inputIds: ArrayLike<number>, labels: ArrayLike<number>): number[] {
  const answers = new Map<number, number[]>();
  let current: number[] = [];
  for (const id of Array.from(labels).slice(0, -1)) {
    if (sentinels.includes(id)) {
      current = [];
      answers.set(id, current);
    } else current.push(id);
  }
  return Array.from(inputIds)
    .slice(0, -1)
    .flatMap(id => answers.get(id) ?? [id]);
}

describe('span corruption', () => {
  it('needs 568 tokens for 512, and writes 114', () => {
    expect(randomSpansHelper(512, 0.15, 3)).toEqual({ tokensLength: 568, targetsLength: 114 });
  });

  it('fills the encoder exactly', () => {
    const mask = drawNoiseMask(568, { noiseDensity: 0.15, meanSpan: 3 }, createRandom(1));
    const starts = mask.filter((is, i) => is === 1 && mask[i - 1] !== 1).length;
    expect([mask.reduce((a, b) => a + b, 0), starts]).toEqual([85, 28]);
  });

  it('loses nothing of the text', () => {
    const objective = spanCorruption({ tokenizer, context: 64 });
    for (let seed = 0; seed < 20; seed++) {
      const { inputIds, labels } = objective.example(window(ids), createRandom(seed));
      expect(put(inputIds, labels)).toEqual([...ids.subarray(0, objective.window)]);
      expect(inputIds.length).toBeLessThanOrEqual(64);
      const used = Array.from(inputIds).filter(id => sentinels.includes(id));
      expect(used).toEqual(sentinels.slice(0, used.length));
    }
  });

  it('has no more spans than there are sentinels', () => {
    expect(sentinels.length).toBe(4);
    const mask = drawNoiseMask(200, { noiseDensity: 0.5, meanSpan: 2, maxSpans: 4 }, createRandom(1));
    expect(mask.filter((is, i) => is === 1 && mask[i - 1] !== 1).length).toBe(4);
    expect(mask.reduce((a, b) => a + b, 0)).toBe(100);
  });

  it('says what the tokenizer lacks', () => {
    expect(() => spanCorruption({ tokenizer: tokenizers.wordPiece(), context: 8 })).toThrow(/no sentinels/);
  });

  it('learns rows by heart', () => {
    expectToLearn(spanCorruption({ tokenizer, context: 32 }), t5(), [window(ids), window(ids.subarray(9))]);
  });
});

describe('the prefix language model', () => {
  it('writes what the encoder has not read', () => {
    const objective = prefixLM({ tokenizer, context: 33 });
    const { inputIds, labels } = objective.example(window(ids), createRandom(1));
    expect([...Array.from(inputIds).slice(0, -1), ...Array.from(labels).slice(0, -1)]).toEqual([
      ...ids.subarray(0, 32),
    ]);
    expect([inputIds[inputIds.length - 1], labels[labels.length - 1]]).toEqual([eos, eos]);
  });

  it('writes a share of the text on average, a token at least', () => {
    const random = createRandom(1);
    for (const share of [0.5, 0.25]) {
      const written = Array.from({ length: 4000 }, () => 100 - drawPrefixLength(100, share, random));
      expect(written.reduce((a, b) => a + b, 0) / 4000 / 100).toBeCloseTo(share, 1);
      expect(Math.min(...written)).toBe(1);
      expect(Math.max(...written)).toBe(200 * share - 1);
    }
  });

  it('learns rows by heart', () => {
    expectToLearn(prefixLM({ tokenizer, context: 32 }), t5(), [window(ids), window(ids.subarray(9))]);
  });
});

describe('the mixture of denoisers', () => {
  /** The tokenizer with UL2's tokens in place of its last words. */
  const withModes = (): Tokenizer => {
    const json = tokenizer.toJSON() as { added_tokens: { id: number; content: string }[] };
    const [like] = json.added_tokens;
    const modes = ['[R]', '[S]', '[X]'].map((content, i) => ({ ...like, content, id: tokenizer.vocabSize + i }));
    return Tokenizer.fromJSON({ ...json, added_tokens: [...json.added_tokens, ...modes] }, 'modes', tokenizer.config);
  };

  it('names each denoiser by a token in front, all equally often', () => {
    const modes = withModes();
    const objective = ul2({ tokenizer: modes, context: 40 });
    const random = createRandom(1);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 2100; i++) {
      const { inputIds, labels } = objective.example(window(ids), random);
      const mode = modes.idToToken(inputIds[0])!;
      counts[mode] = (counts[mode] ?? 0) + 1;
      expect(inputIds.length).toBeLessThanOrEqual(40);
      const rest = Array.from(inputIds).slice(1);
      const text = mode === '[S]' ? [...rest.slice(0, -1), ...Array.from(labels).slice(0, -1)] : put(rest, labels);
      expect(text).toEqual([...ids.subarray(0, objective.window)]);
    }
    for (const [mode, share] of Object.entries({ '[R]': 2, '[S]': 1, '[X]': 4 })) {
      expect(Math.abs(counts[mode] / 2100 - share / 7)).toBeLessThan(0.04);
    }
  });

  it('does without where it is told to, and says so where it is not', () => {
    expect(() => ul2({ tokenizer, context: 40 })).toThrow(/no token \[R\]/);
    expectToLearn(ul2({ tokenizer, context: 40 }, { modeTokens: false }), t5(), [window(ids), window(ids.subarray(9))]);
  });
});
