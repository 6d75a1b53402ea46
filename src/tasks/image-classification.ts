/** Labels for images, with scores as Transformers' `image-classification` pipeline gives them. */
import type { RgbImage } from '../data/images/rgb-image.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { pixelValuesOf } from '../models/image-processor/process.ts';
import type { Model } from '../models/model.ts';
import { inferenceMode, scope } from '../torch/index.ts';
import { type ImageInput, inImageBatches, loadImages } from './images.ts';
import { checkTask, type LabelScore, labelsOf } from './labels.ts';
import { probabilities, rowsOf } from './text-classification.ts';

export interface ClassifyImagesOptions {
  /** So many of the labels. Default 5, as Transformers' pipeline has it. */
  topK?: number;
}

/**
 * For each image its labels, the most probable first.
 *
 * @throws UserError when the model does not classify images, or an image cannot be read
 */
export function classifyImages(
  model: Model,
  processor: ImageProcessor,
  inputs: readonly ImageInput[],
  { topK = 5 }: ClassifyImagesOptions = {},
): LabelScore[][] {
  checkTask(model, ['imageClassification'], 'classify images');
  const scores = imageScores(model, processor, loadImages(model, processor, inputs));
  const names = labelsOf(model, scores[0]?.length ?? 0);
  return scores.map(row => {
    const all = row.map((score, i) => ({ label: names[i], score }));
    return all.sort((a, b) => b.score - a.score).slice(0, topK);
  });
}

/** The score of each label for images of the model's size: [images][labels] */
export const imageScores = (model: Model, processor: ImageProcessor, images: readonly RgbImage[]): number[][] =>
  inImageBatches(images, batch =>
    scope(() =>
      inferenceMode(() => {
        const pixelValues = pixelValuesOf(batch, processor, model.device);
        return rowsOf(probabilities(model, model.forward({ pixelValues }).logits!));
      }),
    ),
  );
