import { describe, expect, it } from 'vitest';
import { compileJsonSchema, compileRegex, vocabularyOf } from '../../src/constrain/index.ts';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import type { GenerationOptions } from '../../src/generate/config/generation-options.ts';
import { generateText } from '../../src/generate/text.ts';
import { createModel } from '../../src/models/auto.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { noGrad } from '../../src/torch/index.ts';

const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_gpt2/tokenizer.json');
const eosTokenId = tokenizer.tokenToId('<|endoftext|>')!;
const vocabulary = vocabularyOf(tokenizer, { eosTokenId: [eosTokenId] });
// More logits than tokens, as where a vocabulary is padded.
const sizes = { layers: 2, hidden: 16, heads: 2, context: 200, vocabSize: tokenizer.vocabSize + 12 };
const model = createModel('gpt2', sizes, { seed: 1 });
noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(20))));

const person = compileJsonSchema(
  {
    type: 'object',
    properties: {
      name: { type: 'string', pattern: '^[A-Z][a-z]{1,8}$' },
      age: { type: 'integer', minimum: 0, maximum: 130 },
      tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 3 },
    },
    required: ['name', 'age'],
    additionalProperties: false,
  },
  vocabulary,
);

const texts = (options: GenerationOptions, constraint = person, more = {}) =>
  generateText(
    model,
    tokenizer,
    ['one', 'the other prompt'],
    resolveGenerationConfig({ eosTokenId, maxNewTokens: 120, ...options }),
    {
      constraint,
      ...more,
    },
  );

describe('generation under a constraint', () => {
  it.each<[string, GenerationOptions, object]>([
    ['greedy', {}, {}],
    ['sampling, several texts a prompt', { doSample: true, numReturnSequences: 3, seed: 5 }, {}],
    [
      'sampling with filters and penalties',
      { doSample: true, topK: 3, topP: 0.5, repetitionPenalty: 1.5, temperature: 2 },
      {},
    ],
    ['beams', { numBeams: 4, numReturnSequences: 2 }, {}],
    ['beams that are drawn', { numBeams: 3, doSample: true }, {}],
    ['groups of beams', { numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 }, {}],
    ['an assistant', {}, { assistant: model }],
    ['guesses from the text', { promptLookupNumTokens: 3 }, {}],
    ['contrastive search', { penaltyAlpha: 0.5, topK: 4 }, {}],
  ])('%s', (_, options, more) => {
    const results = texts(options, person, more);
    expect(results.length).toBe(2 * (options.numReturnSequences ?? 1));
    for (const { text, stop } of results) {
      expect(stop).toBe('eos');
      const { name, age, tags = [], ...others } = JSON.parse(text);
      expect(name).toMatch(/^[A-Z][a-z]{1,8}$/);
      expect(Number.isInteger(age) && age >= 0 && age <= 130).toBe(true);
      expect(tags.every((tag: string) => ['a', 'b'].includes(tag)) && tags.length <= 3).toBe(true);
      expect(others).toEqual({});
    }
  });

  it.each<[string, GenerationOptions]>([
    ['greedy', {}],
    ['sampling', { doSample: true, temperature: 2, seed: 3, numReturnSequences: 4 }],
    ['beams', { numBeams: 3 }],
  ])('is completed within few tokens: %s', (_, options) => {
    // What is written of it at least, and the end.
    const room = person.start().distance + 1;
    for (const maxNewTokens of [room, room + 4]) {
      for (const { text, stop, ids } of texts({ ...options, maxNewTokens })) {
        expect(stop).toBe('eos');
        expect(ids.length).toBeLessThanOrEqual(maxNewTokens);
        expect(Object.keys(JSON.parse(text)).slice(0, 2)).toEqual(['name', 'age']);
      }
    }
  });

  it('gives each prompt of a batch what it gets alone', () => {
    const config = resolveGenerationConfig({ eosTokenId, maxNewTokens: 120 });
    const together = texts({});
    for (const { prompt, ids } of together) {
      expect(generateText(model, tokenizer, [prompt], config, { constraint: person })[0].ids).toEqual(ids);
    }
  });

  it('changes nothing where everything is allowed', () => {
    // Parts of characters are what no constraint lets stand alone.
    const isWhole = (id: number): boolean => vocabulary.texts[id]?.every(byte => byte < 0x80) ?? false;
    const suppressTokens = Array.from({ length: sizes.vocabSize }, (_, id) => id).filter(
      id => id !== eosTokenId && !isWhole(id),
    );
    const config = resolveGenerationConfig({ eosTokenId, maxNewTokens: 30, suppressTokens });
    const [free] = generateText(model, tokenizer, ['abc'], config);
    const [constrained] = generateText(model, tokenizer, ['abc'], config, {
      constraint: compileRegex('[^]*', vocabulary),
    });
    expect(constrained.ids).toEqual(free.ids);
    expect(new Set(free.ids).size).toBeGreaterThan(1);
  });

  it('says when the text could never end', () => {
    expect(() => texts({ eosTokenId: [3] })).toThrow('know no common end-of-sequence token');
  });
});
