/** Image processors beside what Transformers makes of the same images (`test/fixtures/images`). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  newImageProcessor,
  parseImageProcessor,
  readImageProcessor,
  writeImageProcessor,
} from '../../src/models/image-processor/config.ts';
import { imageProcessorFor, prepareImage } from '../../src/models/image-processor/for-model.ts';
import { pixelValuesOf, processImage, resizedSize } from '../../src/models/image-processor/process.ts';
import { withWarnings } from '../../src/support/warnings.ts';
import { writeFiles } from '../data/helpers.ts';
import { randomImage } from '../helpers/images.ts';
import { scratchFolder } from '../support/scratch.ts';

interface Recorded {
  images: Record<string, { width: number; height: number; pixels: string }>;
  processors: {
    name: string;
    config: Record<string, unknown>;
    expected: Record<string, { shape: number[]; values: string }>;
  }[];
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const { images, processors } = JSON.parse(readFileSync('test/fixtures/images/expected.json', 'utf8')) as Recorded;

describe('what Transformers makes of an image', () => {
  it.each(processors)('$name', ({ config, expected }) => {
    const processor = parseImageProcessor({ image_processor_type: 'ViTImageProcessor', ...config }, 'x');
    for (const [name, { shape, values }] of Object.entries(expected)) {
      const { width, height, pixels } = images[name];
      const made = processImage({ width, height, pixels: bytesOf(pixels) }, processor);
      const mine = pixelValuesOf([made], processor, 'cpu');
      expect([name, ...mine.shape]).toEqual([name, 1, ...shape]);
      const wanted = new Float32Array(bytesOf(values).buffer);
      // A byte's difference where images are resized, none where they are not.
      const byte = processor.size ? processor.rescaleFactor / Math.min(...processor.std) : 0;
      const differences = Array.from(mine.toNumbers(), (value, i) => Math.abs(value - wanted[i]));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1.001 * byte);
      const equal = differences.filter(difference => difference === 0).length;
      expect(equal).toBeGreaterThan(0.8 * differences.length);
    }
  });
});

const HALF = [0.5, 0.5, 0.5];
const parse = (json: object) => parseImageProcessor(json as Record<string, unknown>, 'preprocessor_config.json');

describe('preprocessor_config.json', () => {
  it('may be of the old style, or leave out what its class fills in', () => {
    const old = parse({ feature_extractor_type: 'ViTFeatureExtractor', size: 32, image_mean: HALF, image_std: HALF });
    expect(old).toMatchObject({
      size: { height: 32, width: 32 },
      resample: 'bilinear',
      mean: HALF,
      rescaleFactor: 1 / 255,
    });
    expect(old.crop).toBeUndefined();
    expect(parse({})).toMatchObject({ size: { height: 224, width: 224 }, resample: 'bilinear', std: HALF });
    expect(parse({ image_processor_type: 'DeiTImageProcessor' })).toMatchObject({
      size: { height: 256, width: 256 },
      crop: { height: 224, width: 224 },
      resample: 'bicubic',
    });
    expect(parse({ feature_extractor_type: 'CLIPFeatureExtractor', size: 30, crop_size: 20 })).toMatchObject({
      size: { shortestEdge: 30 },
      crop: { height: 20, width: 20 },
      mean: [0.48145466, 0.4578275, 0.40821073],
    });
    expect(parse({ image_processor_type: 'ViTImageProcessorFast', size: [10, 20], image_mean: 0.25 })).toMatchObject({
      size: { height: 10, width: 20 },
      mean: [0.25, 0.25, 0.25],
    });
    expect(parse({ do_resize: false, do_rescale: false, do_normalize: false })).toMatchObject({
      rescaleFactor: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
  });

  it('warns of keys that are not known, and refuses what it cannot do', () => {
    const warnings: string[] = [];
    withWarnings(
      message => warnings.push(message),
      () => parse({ do_resiz: true, do_convert_rgb: null, data_format: 'x' }),
    );
    expect(warnings).toEqual([
      "preprocessor_config.json: unknown key 'do_resiz' has no effect; did you mean 'do_resize'?",
    ]);
    expect(() => parse({ image_processor_type: 'BeitImageProcessor' })).toThrow(
      /'BeitImageProcessor' is not supported/,
    );
    expect(() => parse({ do_pad: true })).toThrow(/'do_pad': images are not padded/);
    expect(() => parse({ resample: 9 })).toThrow(/'resample'/);
    expect(() => parse({ size: { heigth: 3 } })).toThrow(/'size'/);
    expect(() => parse({ do_center_crop: true })).toThrow(/there is no 'crop_size'/);
  });

  it('is written as it was read', () => {
    const folder = scratchFolder();
    expect(readImageProcessor(folder)).toBeUndefined();
    const json = { image_processor_type: 'ViTImageProcessor', size: 12, image_mean: HALF, made_by: null };
    writeFiles(folder, { 'preprocessor_config.json': JSON.stringify(json) });
    writeImageProcessor(folder, readImageProcessor(folder)!);
    expect(JSON.parse(readFileSync(`${folder}/preprocessor_config.json`, 'utf8'))).toEqual(json);
    const made = newImageProcessor({ height: 4, width: 6, mean: [0, 0.1, 0.2] });
    writeImageProcessor(folder, made);
    expect(readImageProcessor(folder)).toEqual(made);
  });
});

describe('an image processor', () => {
  it('rounds sizes as Python does', () => {
    expect(resizedSize({ width: 7, height: 5 }, { shortestEdge: 3 })).toEqual({ width: 4, height: 3 });
    expect(resizedSize({ width: 5, height: 7 }, { shortestEdge: 3 })).toEqual({ width: 3, height: 4 });
    // 10 · 1 / 4 = 2.5 goes to 2.
    expect(resizedSize({ width: 4, height: 1 }, { shortestEdge: 5, longestEdge: 10 })).toEqual({
      width: 10,
      height: 2,
    });
    expect(resizedSize({ width: 100, height: 50 }, { maxHeight: 50, maxWidth: 50 })).toEqual({ width: 50, height: 25 });
  });

  it('fits its model, or is an error', () => {
    const folder = scratchFolder();
    const config = { model_type: 'vit', image_size: 12 };
    expect(imageProcessorFor(config, { folder }).size).toEqual({ height: 12, width: 12 });
    expect(imageProcessorFor({ encoder: { image_size: [8, 16] } }).size).toEqual({ height: 8, width: 16 });
    writeFiles(folder, { 'preprocessor_config.json': JSON.stringify({ size: 16, resample: 3 }) });
    expect(() => imageProcessorFor(config, { folder })).toThrow(/images become 16 × 16, and the model reads 12 × 12/);
    expect(() => imageProcessorFor({ num_channels: 1 })).toThrow(/images of 1 channels/);
    const changed = imageProcessorFor({ image_size: 16 }, { folder, mean: [0, 0, 0] });
    expect(changed).toMatchObject({
      mean: [0, 0, 0],
      resample: 'bicubic',
      json: { resample: 3, image_mean: [0, 0, 0] },
    });
    const edge = parse({ size: { shortest_edge: 12 } });
    expect(prepareImage(randomImage(20, 20, 1), edge, config)).toMatchObject({ width: 12, height: 12 });
    expect(() => prepareImage(randomImage(24, 12, 1), edge, config)).toThrow(/24 × 12 becomes 24 × 12/);
  });
});
