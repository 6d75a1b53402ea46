import { describe, expect, it } from 'vitest';
import { flipped } from '../../src/data/images/rgb-image.ts';
import { pixelValuesOf } from '../../src/models/image-processor/process.ts';
import { captionOf, captions, captionsOptions } from '../../src/objectives/captions.ts';
import { imageClassification } from '../../src/objectives/image-classification.ts';
import { type ImageOptions, normalizationOf } from '../../src/objectives/images.ts';
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
    const valuesOf = (options: ImageOptions) =>
      pixelValuesOf([{ pixels, width: 2, height: 1 }], normalizationOf(undefined, options), 'cpu');
    const values = valuesOf({});
    expect(values.shape).toEqual([1, 3, 1, 2]);
    expect([...values.toNumbers()].map(value => Number(value.toFixed(4)))).toEqual([1, -1, -1, 1, -0.6, 0.6]);
    expect(valuesOf({ mean: [0, 0, 0], std: [1, 1, 2] }).toNumbers()[5]).toBeCloseTo(0.4, 5);
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

  it('are moved by chance, as far as there is padding, and otherwise not', () => {
    const pixels = Uint8Array.from({ length: 27 }, (_, i) => 1 + i);
    const row = { pixels, width: 3, height: 3, label: 0 };
    const objective = imageClassification({}, { cropPadding: 1 });
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const moved = objective.example(row, createRandom(seed), 0).pixels;
      expect(objective.example(row, createRandom(seed), 0).pixels).toEqual(moved);
      seen.add(moved.join());
      // What can still be seen stands in the order that it had.
      const left = [...moved].filter(byte => byte > 0);
      expect(left).toEqual([...left].sort((a, b) => a - b));
    }
    expect(seen.size).toBe(9);
    expect(objective.example(row, createRandom(1)).pixels).toBe(pixels);
    expect(
      captions({ tokenizer, context: 8 }, { cropPadding: 0 }).example({ ...row, text: 'x' }, createRandom(1), 0).pixels,
    ).toBe(pixels);
  });

  it('of unequal size are refused, and those without what is asked for', () => {
    const normalization = normalizationOf(undefined, {});
    const unequal = [image(1), { ...image(2), width: 2, height: 8 }];
    expect(() => pixelValuesOf(unequal, normalization, 'cpu')).toThrow(/2 × 8 pixels/);
    expect(() => imageClassification({}).example(image(1), createRandom(1))).toThrow(/no label/);
    expect(() => captions({ tokenizer, context: 8 }).example(image(1), createRandom(1))).toThrow(/no caption/);
  });

  it('have captions of their own, or made of their labels', () => {
    expect(captionOf({ text: 'a dog', label: 1 }, {})).toBe('a dog');
    expect(captionOf({ text: 'a dog', label: 'cat' }, { template: 'a photo of a {label}' })).toBe('a photo of a cat');
    expect(captionOf({ label: 1 }, { labelNames: ['zero', 'one'] })).toBe('one');
    expect(captionOf({ label: '0' }, { labelNames: ['zero', 'one'], template: 'a {label}, {label}' })).toBe(
      'a zero, zero',
    );
    expect(() => captionOf({ label: 2 }, { labelNames: ['zero', 'one'] })).toThrow(/the label '2'/);
    expect(() => captionOf({ text: 'x' }, { template: '{label}' })).toThrow(/no label/);
    expect(() => captionsOptions.parse({ name: 'captions', template: 'a photo' })).toThrow(/must have \{label\}/);
  });

  it('have labels with names, where the model has', () => {
    const model = tinyModel('vit', 'ViTForImageClassification', undefined, { id2label: { 0: 'cat', 1: 'dog' } });
    const { example } = imageClassification({ model });
    expect(example({ ...image(1), label: 'dog' }, createRandom(1)).label).toBe(1);
    expect(() => example({ ...image(1), label: 'bird' }, createRandom(1))).toThrow(/'bird'/);
    expect(imageClassification({}, { labelSmoothing: 0.1 }).weights).toEqual({ label: 0.9, smoothing: 0.1 });
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
