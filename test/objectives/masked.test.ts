import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenLoss } from '../../src/models/losses.ts';
import { masked, maskedOptions, probabilityAt } from '../../src/objectives/masked.ts';
import { choosePositions, drawMask, maskVocabulary, unitsOf } from '../../src/objectives/masking.ts';
import { readJson } from '../../src/support/files.ts';
import { createRandom } from '../../src/support/random.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { inferenceMode, scope } from '../../src/torch/index.ts';
import { byteTokenizer, scratchFolder } from '../data/helpers.ts';
import { itShared } from '../helpers/shared.ts';
import { batchOf, evaluate, expectToLearn, TEXT, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.wordPiece();
const ids = tokenizer.encodeIds(TEXT);
const rows = [window(ids), window(ids.subarray(3, 20)), window(ids.subarray(7))];

describe('masked language modelling', () => {
  it('puts special tokens around a window and never masks them', () => {
    const objective = masked({ tokenizer, context: 16 }, { probability: 1 });
    expect(objective.window).toBe(14);
    const { inputIds, labels } = objective.example(rows[0], createRandom(1));
    expect(inputIds.length).toBe(16);
    const [cls, sep] = ['[CLS]', '[SEP]'].map(token => tokenizer.tokenToId(token));
    expect([inputIds[0], inputIds[15]]).toEqual([cls, sep]);
    expect(Array.from(labels)).toEqual([-100, ...ids.subarray(0, 14), -100]);
  });

  it('draws the same from the same generator, and another mask at each visit', () => {
    const objective = masked({ tokenizer, context: 64 });
    const draw = (seed: number) => objective.example(rows[0], createRandom(seed)).inputIds.join();
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    expect(objective.copies).toBeUndefined();
    expect(masked({ tokenizer, context: 64 }, { copies: 10 }).copies).toBe(10);
  });

  it('may mask less as the training goes on', () => {
    const probability = { from: 0.3, to: 0.15 };
    expect([0, 0.5, 1].map(progress => probabilityAt(probability, progress).toFixed(6))).toEqual([
      '0.300000',
      '0.225000',
      '0.150000',
    ]);
    const long = window(Array.from({ length: 1000 }, (_, i) => 10 + (i % 400)));
    const objective = masked({ tokenizer, context: 1002 }, { probability });
    const chosen = (progress?: number) =>
      objective.example(long, createRandom(1), progress).labels.filter(label => label !== -100).length;
    expect(chosen(0)).toBeGreaterThanOrEqual(300);
    expect([chosen(1), chosen()].every(count => count >= 150 && count <= 151)).toBe(true);
  });

  it('applies the output layer to masked places alone, with the same loss', () => {
    const objective = masked({ tokenizer, context: 64 });
    const model = tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize);
    const batch = batchOf(objective, rows);
    const whole = scope(() =>
      inferenceMode(() => {
        const { inputIds, attentionMask, targets } = batch;
        const logits = model.eval().forward({ inputIds, attentionMask }).logits!;
        return tokenLoss(logits.flatten({ endDim: 1 }).indexSelect(0, targets.places), targets.labels).item();
      }),
    );
    expect(evaluate(objective, model, batch).words).toBeCloseTo(whole, 5);
    const { words, accuracy } = objective.counts(batch);
    expect(words).toBe(accuracy);
    expect(batch.targets.places.numel).toBe(words);
  });

  it('leaves the loss out where there is nothing to predict', () => {
    const objective = masked({ tokenizer, context: 64 }, { probability: 0 });
    const batch = batchOf(objective, rows);
    expect(objective.counts(batch)).toEqual({ words: 0, accuracy: 0 });
    expect(objective.means(tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize), batch)).toEqual({});
  });

  it('learns rows by heart', () => {
    const objective = masked({ tokenizer, context: 64 });
    const model = tinyModel('bert', 'BertForMaskedLM', tokenizer.vocabSize);
    expectToLearn(objective, model, rows);
    const pretraining = tinyModel('albert', 'AlbertForPreTraining', tokenizer.vocabSize);
    expectToLearn(objective, pretraining, rows);
    const other = tokenizers.byteLevel();
    const roberta = tinyModel('roberta', 'RobertaForMaskedLM', other.vocabSize);
    expectToLearn(masked({ tokenizer: other, context: 64 }, { unit: 'span' }), roberta, [
      window(other.encodeIds(TEXT)),
    ]);
  });
});

itShared(
  'fixtures/tuning/collators/golden.json',
  'words begin where Transformers has them begin, and punctuation is a word of its own besides',
  path => {
    const { case: given, result } = readJson(path) as {
      case: { tokenizer: string };
      result: { whole_word: { input_ids: number[]; tokens: string[]; can_be_drawn: number[] }[] };
    };
    const own = Tokenizer.fromFile(join(dirname(path), '..', given.tokenizer));
    const vocabulary = maskVocabulary(own, 'word');
    for (const { input_ids, tokens, can_be_drawn } of result.whole_word) {
      const starts = new Set(unitsOf(input_ids, vocabulary).map(([start]) => start));
      for (const [i, token] of tokens.entries()) {
        const expected = can_be_drawn[i] === 1 || /^[.,;!?]$/.test(token);
        expect([token, starts.has(i)]).toEqual([token, expected]);
      }
    }
  },
);

describe('what is chosen', () => {
  it('is whole words of WordPiece', () => {
    const vocabulary = maskVocabulary(tokenizer, 'word');
    const words = unitsOf(ids, vocabulary).map(([start, end]) => tokenizer.decode(ids.subarray(start, end)));
    expect(words.slice(0, 12).join('|')).toBe('the|river|rose|in|the|night|and|the|bridge|was|closed|.');
    const chosen = choosePositions(ids, { probability: 0.3, unit: 'word' }, vocabulary, createRandom(2));
    for (const [start, end] of unitsOf(ids, vocabulary)) {
      const inside = chosen.filter(position => position >= start && position < end).length;
      expect([0, end - start]).toContain(inside);
    }
  });

  it('is whole words of byte-level vocabularies', () => {
    const bytes = tokenizers.byteLevel();
    const own = bytes.encodeIds('the river rose in the night');
    const words = unitsOf(own, maskVocabulary(bytes, 'word')).map(([start, end]) =>
      bytes.decode(own.subarray(start, end)),
    );
    expect(words).toEqual(['the', ' river', ' rose', ' in', ' the', ' night']);
  });

  it('is whole words of SentencePiece', () => {
    const unigram = tokenizers.unigram();
    const pieces = Tokenizer.fromJSON(unigram.toJSON(), 'pieces', { ...unigram.config, mask_token: '<extra_id_3>' });
    const own = pieces.encodeIds('the river rose');
    expect(own.length).toBeGreaterThan(3);
    const words = unitsOf(own, maskVocabulary(pieces, 'word')).map(([start, end]) =>
      pieces.decode(own.subarray(start, end)).trim(),
    );
    expect(words).toEqual(['the', 'river', 'rose']);
  });

  it('comes as often as Transformers’ collator has it', () => {
    const { mlm } = JSON.parse(readFileSync('test/fixtures/objectives/collators.json', 'utf8'));
    const vocabulary = maskVocabulary(tokenizer);
    for (const { options, expect: counted } of mlm) {
      const {
        mlm_probability: probability = 0.15,
        mask_replace_prob: maskShare,
        random_replace_prob: randomShare,
      } = options;
      const random = createRandom(1);
      const counts: Record<string, number> = { mask: 0, random: 0, keep: 0 };
      const repeats = 1000;
      for (let i = 0; i < repeats; i++) {
        for (const { action } of drawMask(ids, { probability, maskShare, randomShare }, vocabulary, random))
          counts[action]++;
      }
      const selected = counts.mask + counts.random + counts.keep;
      const near = (share: number, recorded: number, draws: number) =>
        expect(Math.abs(share - recorded)).toBeLessThan(5 * Math.sqrt(recorded / draws) + 0.005);
      near(selected / (repeats * ids.length), counted.selected / counted.candidates, selected);
      near(counts.mask / selected, counted.replaced_by_mask / counted.selected, selected);
      near(counts.random / selected, counted.replaced_by_other / counted.selected, selected);
    }
  });

  it('is n-grams of words, within the share', () => {
    const vocabulary = {
      maskId: 4,
      size: 300,
      isSpecial: (id: number) => id < 5,
      startsWord: (id: number) => id % 2 === 0,
    };
    const long = Array.from({ length: 200 }, (_, i) => 10 + i);
    const random = createRandom(3);
    for (let i = 0; i < 50; i++) {
      const chosen = choosePositions(long, { probability: 0.15, unit: 'span' }, vocabulary, random);
      expect(chosen.length).toBe(30);
      expect(chosen.every((position, j) => position % 2 === 0 || chosen[j - 1] === position - 1)).toBe(true);
    }
  });

  it.each(['wordpiece', 'unigram', 'char'] as const)('is words of a dictionary in Chinese text: %s', async kind => {
    const text = '我们今天在北京大学学习语言模型，明天回上海。';
    const special = ['[UNK]', '[MASK]'];
    const chinese = await trainTokenizer([text.repeat(20)], { kind, vocabSize: 80, specialTokens: special });
    const vocabulary = maskVocabulary(chinese, 'word');
    const ids = chinese.encodeIds(`${text}GPT`, { addSpecialTokens: false });
    const words = unitsOf(ids, vocabulary).map(([start, end]) =>
      chinese.decode(ids.slice(start, end)).replaceAll(' ', ''),
    );
    for (const word of ['我们', '今天', '语言', '模型', '明天', '上海', '，']) expect(words).toContain(word);
    // The same tokens without a dictionary: each character is a word of its own, or the whole text is one.
    const { unspaced: _, ...plain } = vocabulary;
    expect(unitsOf(ids, plain).length).not.toBe(words.length);
  });

  it('is never more than there is, and one token at least', () => {
    const vocabulary = maskVocabulary(tokenizer);
    const choose = (probability: number, length: number) =>
      choosePositions(ids.subarray(0, length), { probability }, vocabulary, createRandom(1)).length;
    expect([choose(0.15, 1), choose(0.15, 2), choose(1, 5), choose(0, 5), choose(0.15, 0)]).toEqual([1, 1, 5, 0, 0]);
  });

  it('keeps random tokens ordinary', () => {
    const vocabulary = maskVocabulary(tokenizer);
    const options = { probability: 1, maskShare: 0, randomShare: 1 };
    const places = Array.from({ length: 30 }, (_, seed) =>
      drawMask(ids, options, vocabulary, createRandom(seed)),
    ).flat();
    const tokens = new Set(places.map(place => (place.action === 'random' ? place.token : -1)));
    expect([...tokens].some(token => token < 0 || tokenizer.specialTokens.has(token))).toBe(false);
    expect(tokens.size).toBeGreaterThan(300);
  });

  it('needs a tokenizer with masks, and with words', () => {
    const folder = scratchFolder();
    byteTokenizer(folder);
    const plain = Tokenizer.fromFile(folder);
    expect(() => masked({ tokenizer: plain, context: 8 })).toThrow(/no mask token/);
    expect(() => maskVocabulary(tokenizers.unigram(), 'word')).toThrow(/no mask token/);
    expect(() => maskedOptions.parse({ name: 'masked', maskShare: 0.8, randomShare: 0.3 })).toThrow(/more than 1/);
  });
});
