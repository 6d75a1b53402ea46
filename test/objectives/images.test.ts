import { describe, expect, it } from 'vitest';
import { captions } from '../../src/objectives/captions.ts';
import { imageClassification } from '../../src/objectives/image-classification.ts';
import { flipped } from '../../src/data/images/rgb-image.ts';
import { pixelValuesOf } from '../../src/models/image-processor/process.ts';
import { createRandom } from '../../src/support/random.ts';
import { batchOf, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const image = (seed: number) => {
  const random = createRandom(seed);
  return { pixels: Uint8Array.from({ length: 48 }, () => random.below(256)), width: 4, height: 4 };
};
const tokenizer = tokenizers.byteLevel();
const rows = ['the river rose', 'dogs and cats', 'a bridge'].map((text, label) => ({ ...image(label), text, label }));

describe('images', () => {
  it('become channels of numbers from −1 to 1', () => {
    const pixels = Uint8Array.of(255, 0, 51, 0, 255, 204);
    const values = pixelValuesOf([{ pixels, width: 2, height: 1 }], {}, 'cpu');
    expect(values.shape).toEqual([1, 3, 1, 2]);
    expect([...values.toNumbers()].map(value => Number(value.toFixed(4)))).toEqual([1, -1, -1, 1, -0.6, 0.6]);
    const scaled = pixelValuesOf([{ pixels, width: 2, height: 1 }], { mean: [0, 0, 0], std: [1, 1, 2] }, 'cpu');
    expect(scaled.toNumbers()[5]).toBeCloseTo(0.4, 5);
  });

  it('are mirrored, while training alone', () => {
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const mirrored = { pixels: Uint8Array.of(4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9), width: 2, height: 2 };
    expect(flipped({ pixels, width: 2, height: 2 })).toEqual(mirrored);
    const objective = imageClassification({}, { flipProbability: 1 });
    const row = { pixels, width: 2, height: 2, label: 1 };
    expect(objective.example(row, createRandom(1), 0.5)).toEqual({ ...mirrored, label: 1 });
    expect(objective.example(row, createRandom(1))).toEqual(row);
  });

  it('of unequal size are refused, and those without what is asked for', () => {
    expect(() => pixelValuesOf([image(1), { ...image(2), width: 2, height: 8 }], {}, 'cpu')).toThrow(/2 × 8 pixels/);
    expect(() => imageClassification({}).example(image(1), createRandom(1))).toThrow(/no label/);
    expect(() => captions({ tokenizer, context: 8 }).example(image(1), createRandom(1))).toThrow(/no caption/);
  });

  it('are told apart', () => {
    const labels = { id2label: { 0: 'river', 1: 'dogs', 2: 'bridge' } };
    expectToLearn(imageClassification({}), tinyModel('vit', 'ViTForImageClassification', undefined, labels), rows);
  });

  it('are described', () => {
    const objective = captions({ tokenizer, context: 16 });
    const { labels, targets } = batchOf(objective, rows);
    expect(labels.size(0)).toBe(3);
    expect(targets.count).toBe(rows.reduce((sum, { text }) => sum + tokenizer.encodeIds(text).length + 1, 0));
    const model = tinyModel('vision-encoder-decoder', 'VisionEncoderDecoderModel', undefined);
    expectToLearn(objective, model, rows);
  });
});
