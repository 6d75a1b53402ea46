import { describe, expect, it } from 'vitest';
import { compileJsonSchema, compileRegex, vocabularyOf } from '../../src/constrain/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { allowedIn } from './sampling.ts';

const NAMES = ['byte_bpe_gpt2', 'byte_bpe_qwen2', 'byte_bpe_roberta', 'bpe_llama', 'unigram_t5', 'wordpiece_bert'];
const tokenizers = NAMES.map(name => ({
  name,
  tokenizer: Tokenizer.fromFile(`test/fixtures/tokenizers/${name}/tokenizer.json`),
}));

describe.each(tokenizers)('the vocabulary of $name', ({ tokenizer }) => {
  const vocabulary = vocabularyOf(tokenizer);
  const random = createRandom(1);
  const written = [...vocabulary.texts.keys()].filter(id => vocabulary.texts[id] && vocabulary.firstTexts[id]);

  it('has the bytes that decoding shows', () => {
    expect(written.length).toBeGreaterThan(0.8 * tokenizer.vocabSize);
    for (let i = 0; i < 300; i++) {
      const ids = Array.from({ length: 1 + random.below(8) }, () => written[random.below(written.length)]);
      const bytes = ids.flatMap((id, at) => [...(at === 0 ? vocabulary.firstTexts : vocabulary.texts)[id]!]);
      const decoded = tokenizer.decode(ids, { skipSpecialTokens: true, cleanUpTokenizationSpaces: false });
      const text = Buffer.from(bytes).toString('utf8');
      // Byte tokens that are no characters become replacement characters in ways of their own.
      if (!text.includes('\ufffd')) expect(decoded).toBe(text);
    }
  });

  it('lets special tokens write nothing', () => {
    for (const id of [tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.padTokenId, tokenizer.unkTokenId]) {
      if (id !== undefined) expect(vocabulary.texts[id]).toBeUndefined();
    }
  });

  it('writes what a constraint asks for', () => {
    const constraint = compileRegex('[a-z ]{5,9}[.]?', vocabulary);
    for (let i = 0; i < 20; i++) {
      const state = constraint.start();
      const ids: number[] = [];
      while (!state.complete) {
        const allowed = allowedIn(state.mask()).filter(id => !vocabulary.eosTokenId.includes(id));
        if (allowed.length === 0) break;
        ids.push(allowed[random.below(allowed.length)]);
        state.advance(ids[ids.length - 1]);
      }
      expect(tokenizer.decode(ids, { cleanUpTokenizationSpaces: false })).toMatch(/^[a-z ]{5,9}\.?$/);
    }
  });
});

describe('vocabularyOf', () => {
  it('takes the ends that it is given', () => {
    const [{ tokenizer }] = tokenizers;
    const vocabulary = vocabularyOf(tokenizer, { eosTokenId: [5, 7] });
    const state = compileRegex('', vocabulary).start();
    expect(allowedIn(state.mask())).toEqual([5, 7]);
  });

  it('says what a tokenizer of a few characters cannot write', async () => {
    const tokenizer = await trainTokenizer(['to be or not to be'], { kind: 'char', initialAlphabet: [] });
    const vocabulary = vocabularyOf(tokenizer);
    expect(() => compileJsonSchema({ type: 'object' }, vocabulary)).toThrow('the vocabulary lacks characters');
    const state = compileRegex('(to|be|or|xyz)+', vocabulary).start();
    expect(
      allowedIn(state.mask())
        .map(id => tokenizer.idToToken(id))
        .sort(),
    ).toEqual(['b', 'o', 't']);
  });
});
