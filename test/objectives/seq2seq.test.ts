import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EncoderDecoder } from '../../src/models/encoder-decoder.ts';
import { tokenLoss } from '../../src/models/losses.ts';
import { seq2seq } from '../../src/objectives/seq2seq.ts';
import { smoothingLoss } from '../../src/objectives/smoothing.ts';
import { textToTextBatch } from '../../src/objectives/text-to-text.ts';
import { createRandom } from '../../src/support/random.ts';
import { tensor } from '../../src/torch/index.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const recorded = JSON.parse(readFileSync('test/fixtures/objectives/collators.json', 'utf8'));
const tokenizer = tokenizers.unigram();
const rows = [
  { source: 'the river rose', target: 'the bridge was closed' },
  { source: 'dogs and cats', target: 'animals' },
];

describe('sequence to sequence', () => {
  it('pads as Transformers’ collator does', () => {
    for (const { features, expect: expected } of recorded.seq2seq) {
      const examples = features.map((f: { input_ids: number[]; labels: number[] }) => ({
        inputIds: f.input_ids,
        labels: f.labels,
      }));
      const batch = textToTextBatch(examples, { padTokenId: 0 }, 'cpu');
      expect(batch.inputIds.toNumbers()).toEqual(expected.input_ids.flat());
      expect(batch.attentionMask!.toNumbers()).toEqual(expected.attention_mask.flat());
      expect(batch.labels.toNumbers()).toEqual(expected.labels.flat());
      if (!expected.decoder_input_ids) continue;
      const { backbone } = tinyModel('t5', 'T5ForConditionalGeneration', 200);
      const shifted = (backbone as EncoderDecoder).shiftRight(batch.labels);
      expect(shifted.toNumbers()).toEqual(expected.decoder_input_ids.flat());
    }
  });

  it('smooths labels as Transformers does', () => {
    for (const { logits, labels, shift_labels: shifts, epsilon, loss, ...rest } of recorded.label_smoothing) {
      const flat: [number[], number][] = [];
      const add = (scores: number[], label: number): void => void (label !== -100 && flat.push([scores, label]));
      if (Array.isArray(labels[0])) {
        for (const [row, own] of labels.entries()) {
          for (const [t, label] of own.entries()) if (!shifts || t > 0) add(logits[row][shifts ? t - 1 : t], label);
        }
      } else for (const [t, label] of labels.entries()) add(logits[t], label);
      const scores = tensor(flat.map(([row]) => row));
      const words = tokenLoss(
        scores,
        tensor(
          flat.map(([, label]) => label),
          { dtype: 'int64' },
        ),
      ).item();
      // Where a step has more words than this batch, its mean is over all of them.
      const share = flat.length / (rest.num_items_in_batch ?? flat.length);
      const smoothed = (1 - epsilon) * words + epsilon * smoothingLoss(scores).item();
      expect(Math.abs(share * smoothed - loss)).toBeLessThan(5e-6 + 1e-4 * loss);
    }
  });

  it('keeps the words’ loss apart from the smoothing', () => {
    const plain = seq2seq({ tokenizer, context: 32 });
    const smooth = seq2seq({ tokenizer, context: 32 }, { labelSmoothing: 0.1 });
    const model = tinyModel('t5', 'T5ForConditionalGeneration', tokenizer.vocabSize);
    const [a, b] = [plain, smooth].map(objective => evaluate(objective, model, batchOf(objective, rows)));
    expect(b.words).toBeCloseTo(a.words, 5);
    expect(b.loss).toBeCloseTo(0.9 * b.words + 0.1 * b.smoothing, 5);
    expect(smooth.counts(batchOf(smooth, rows)).smoothing).toBe(plain.counts(batchOf(plain, rows)).words);
  });

  it('cuts what is too long and keeps the end', () => {
    const objective = seq2seq({ tokenizer, context: 8 }, { maxTarget: 5, prefix: 'translate: ' });
    const { inputIds, labels } = objective.example(
      { source: 'the river '.repeat(9), target: 'the '.repeat(9) },
      createRandom(1),
    );
    expect([inputIds.length, labels.length]).toEqual([8, 5]);
    expect([inputIds[7], labels[4]]).toEqual([tokenizer.eosTokenId, tokenizer.eosTokenId]);
    const whole = tokenizer.encodeIds('translate: the river the river the river');
    expect(Array.from(inputIds).slice(0, 7)).toEqual([...whole.subarray(0, 7)]);
  });

  it.each([
    ['t5', 'T5ForConditionalGeneration'],
    ['bart', 'BartForConditionalGeneration'],
    ['marian', 'MarianMTModel'],
  ])('learns rows by heart: %s', (family, architecture) => {
    const model = tinyModel(family, architecture, tokenizer.vocabSize);
    expectToLearn(seq2seq({ tokenizer, context: 32 }, { labelSmoothing: 0.1 }), model, rows, { factor: 0.6 });
  });
});
