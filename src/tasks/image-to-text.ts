/** What images show, in words, by a model whose encoder sees them and whose decoder writes. */
import { nameOfSource } from '../data/images/source.ts';
import { readsImages } from '../generate/prompt/prompt-checks.ts';
import { type GeneratedText, gatherTexts, streamTextAfter, type TextPiece } from '../generate/text.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { pixelValuesOf } from '../models/image-processor/process.ts';
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { dispose, keep, scope } from '../torch/index.ts';
import { type WritingOptions, writingConfig } from './generation.ts';
import { type ImageInput, loadImages } from './images.ts';
import { checkTask } from './labels.ts';

/**
 * `numReturnSequences` texts an image, piece by piece.
 *
 * @throws UserError when the model does not write about images, or an image cannot be read
 */
export function* streamDescriptions(
  model: Model,
  tokenizer: Tokenizer,
  processor: ImageProcessor,
  images: readonly ImageInput[],
  options: WritingOptions = {},
): Generator<TextPiece, void> {
  checkTask(model, readsImages(model.backbone) ? ['seq2seqLM'] : [], 'describe images');
  const { generation: _, defaults: __, ...more } = options;
  const loaded = loadImages(model, processor, images);
  const pixelValues = scope(() => keep(pixelValuesOf(loaded, processor, model.device)));
  try {
    yield* streamTextAfter(model, tokenizer, { pixelValues }, writingConfig(tokenizer, options), more);
  } finally {
    dispose(pixelValues);
  }
}

/** `streamDescriptions` to its end; each text has the path of its image, or what else it came from, as its prompt. */
export function describeImages(
  model: Model,
  tokenizer: Tokenizer,
  processor: ImageProcessor,
  images: readonly ImageInput[],
  options: WritingOptions = {},
): GeneratedText[] {
  const pieces = streamDescriptions(model, tokenizer, processor, images, options);
  return gatherTexts(pieces, images.map(nameOfSource), writingConfig(tokenizer, options));
}
