/**
 * preprocessor_config.json: what is done to an image before a model reads it, as the image processors of Hugging Face's
 * Transformers keep it, in their styles old and new.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { RESAMPLES, type Resample } from '../../data/images/resample.ts';
import { UserError } from '../../support/errors.ts';
import { readJson, writeJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import { passOver } from '../config/unknown-keys.ts';

/** How large an image is made: both sides; the shorter side, the longer one at most so long; as large as fits in a frame. */
export type ImageSize =
  | { height: number; width: number }
  | { shortestEdge: number; longestEdge?: number }
  | { maxHeight: number; maxWidth: number };

export interface ImageProcessor {
  /** Undefined: images stay as large as they are. */
  size?: ImageSize;
  resample: Resample;
  /** The middle that is cut out afterwards. */
  crop?: { height: number; width: number };
  /** Bytes are multiplied by it, and then normalised. */
  rescaleFactor: number;
  mean: readonly number[];
  std: readonly number[];
  /** What the file says, or is to say. */
  json: Readonly<Record<string, unknown>>;
}

const FILE = 'preprocessor_config.json';

const pixels = z.int().positive().max(65_536);
const side = { height: pixels, width: pixels };
const sizeSchema = z.union([
  pixels,
  z.tuple([pixels, pixels]),
  z.strictObject(side),
  z.strictObject({ shortest_edge: pixels, longest_edge: pixels.nullish() }),
  z.strictObject({ max_height: pixels, max_width: pixels }),
]);
/** Of each of the three channels, or of all. */
const perChannel = z.union([z.number().transform(one => [one, one, one]), z.array(z.number()).length(3)]);

interface Defaults {
  size: z.input<typeof sizeSchema>;
  resample: number;
  crop_size?: z.input<typeof sizeSchema>;
  image_mean: readonly number[];
  image_std: readonly number[];
  default_to_square: boolean;
}

const HALF = [0.5, 0.5, 0.5];
const vit: Defaults = { size: 224, resample: 2, image_mean: HALF, image_std: HALF, default_to_square: true };
/** What the classes of Transformers fill in where the file says nothing. */
const CLASSES: Readonly<Record<string, Defaults>> = {
  ViT: vit,
  DeiT: { ...vit, size: 256, resample: 3, crop_size: 224 },
  CLIP: {
    size: { shortest_edge: 224 },
    resample: 3,
    crop_size: 224,
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
    default_to_square: false,
  },
};

const schema = z.object({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: z.boolean().nullish(),
  size: sizeSchema.nullish(),
  default_to_square: z.boolean().nullish(),
  resample: z.int().min(0).max(5).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([pixels, z.tuple([pixels, pixels]), z.strictObject(side)]).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: perChannel.nullish(),
  image_std: perChannel.nullish(),
  do_pad: z.literal(false, 'images are not padded').nullish(),
});

/** Keys that change nothing of what is computed: images are made RGB always, and where they are held is ours. */
const BOOKKEEPING = new Set([
  'do_convert_rgb',
  'pad_size',
  'data_format',
  'input_data_format',
  'device',
  'return_tensors',
  'disable_grouping',
  'image_seq_length',
  'processor_class',
  'auto_map',
  '_processor_class',
  '_valid_processor_keys',
  'model_input_names',
]);

/** @throws UserError for a class whose processing is another one */
function defaultsOf(name: string, where: string): Defaults {
  const [, family] = /^(\w+?)(?:ImageProcessor(?:Fast|Pil)?|FeatureExtractor)$/.exec(name) ?? [];
  if (family !== undefined && Object.hasOwn(CLASSES, family)) return CLASSES[family];
  throw new UserError('TSLM_NOT_SUPPORTED', `${where}: the image processor '${name}' is not supported`, {
    hint: `supported: ${Object.keys(CLASSES)
      .map(one => `${one}ImageProcessor`)
      .join(', ')}`,
  });
}

function sizeOf(given: z.output<typeof sizeSchema>, isSquare: boolean): ImageSize {
  if (typeof given === 'number') return isSquare ? { height: given, width: given } : { shortestEdge: given };
  if (Array.isArray(given)) return { height: given[0], width: given[1] };
  if ('height' in given) return given;
  if ('max_height' in given) return { maxHeight: given.max_height, maxWidth: given.max_width };
  return { shortestEdge: given.shortest_edge, longestEdge: given.longest_edge ?? undefined };
}

/**
 * What a preprocessor_config.json says. A key that is neither known nor bookkeeping is passed over with a warning.
 *
 * @param where the file, for messages
 * @throws UserError for a value that does not fit, and for what is not supported
 */
export function parseImageProcessor(json: Record<string, unknown>, where: string): ImageProcessor {
  const known = Object.keys(schema.shape);
  for (const [key, value] of Object.entries(json)) {
    if (!(key in schema.shape) && !BOOKKEEPING.has(key)) passOver(key, value, known, where);
  }
  const given = parseOptions(schema, json, where);
  const defaults = defaultsOf(given.image_processor_type ?? given.feature_extractor_type ?? 'ViTImageProcessor', where);
  const isSquare = given.default_to_square ?? defaults.default_to_square;
  const crops = given.do_center_crop ?? defaults.crop_size !== undefined;
  const cropSize = given.crop_size ?? defaults.crop_size;
  if (crops && cropSize === undefined) {
    throw new UserError('TSLM_BAD_VALUE', `${where}: 'do_center_crop' is set, and there is no 'crop_size'`);
  }
  const normalizes = given.do_normalize ?? true;
  return {
    size: (given.do_resize ?? true) ? sizeOf(given.size ?? (defaults.size as number), isSquare) : undefined,
    resample: RESAMPLES[given.resample ?? defaults.resample],
    crop: crops ? (sizeOf(cropSize as number, true) as { height: number; width: number }) : undefined,
    rescaleFactor: (given.do_rescale ?? true) ? (given.rescale_factor ?? 1 / 255) : 1,
    mean: normalizes ? (given.image_mean ?? defaults.image_mean) : [0, 0, 0],
    std: normalizes ? (given.image_std ?? defaults.image_std) : [1, 1, 1],
    json,
  };
}

/** The image processor of a model's folder; undefined where it has none. */
export function readImageProcessor(folder: string): ImageProcessor | undefined {
  const where = join(folder, FILE);
  if (!existsSync(where)) return undefined;
  return parseImageProcessor(parseOptions(z.record(z.string(), z.unknown()), readJson(where), where), where);
}

export const writeImageProcessor = (folder: string, { json }: ImageProcessor): void =>
  writeJson(join(folder, FILE), json);

export interface NewImageProcessorOptions {
  height: number;
  width: number;
  mean?: readonly number[];
  std?: readonly number[];
}

/** ViT's image processor for images of that size. */
export const newImageProcessor = ({ height, width, mean, std }: NewImageProcessorOptions): ImageProcessor =>
  parseImageProcessor(
    {
      do_normalize: true,
      do_rescale: true,
      do_resize: true,
      image_mean: mean ?? HALF,
      image_processor_type: 'ViTImageProcessor',
      image_std: std ?? HALF,
      resample: 2,
      rescale_factor: 1 / 255,
      size: { height, width },
    },
    FILE,
  );
