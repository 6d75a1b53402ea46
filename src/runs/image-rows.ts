/** What a run over images needs beside its rows: how they are read, and which of them are described as it goes. */

import type { RgbImage } from '../data/images/rgb-image.ts';
import { loadImageSync } from '../data/images/source.ts';
import type { Dataset } from '../data/rows/dataset.ts';
import type { ReadImageOptions } from '../data/rows/read-image-rows.ts';
import type { Rows } from '../data/rows/rows.ts';
import { modelFolder } from '../models/auto.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { imageProcessorFor, prepareImage } from '../models/image-processor/for-model.ts';
import { captionOf, describesLabels } from '../objectives/captions.ts';
import type { ObjectiveOptions } from '../objectives/index.ts';
import { labelsOf } from '../objectives/labels.ts';
import { usageError } from '../support/errors.ts';
import type { Recipe } from './recipe-schema.ts';

/** The image processor that a recipe's model is trained with: its folder's, or a new one. */
export function recipeImageProcessor({ model, objective }: Recipe, config: Record<string, unknown>): ImageProcessor {
  const { mean, std } = objective as { mean?: number[]; std?: number[] };
  const folder = model.from === undefined ? undefined : modelFolder(model.from);
  return imageProcessorFor(config, { folder, mean, std });
}

/** How images are read for an objective: cut to size, with labels that the model has. */
export function imageReading(
  objective: ObjectiveOptions,
  config: Record<string, unknown>,
  processor: ImageProcessor,
): Pick<ReadImageOptions, 'needed' | 'prepare' | 'checkLabel'> {
  const prepare = (image: RgbImage): RgbImage => prepareImage(image, processor, config);
  if (objective.name !== 'captions') {
    const { numberOf } = labelsOf(config);
    return { needed: ['label'], prepare, checkLabel: numberOf };
  }
  if (!describesLabels(objective)) return { needed: ['text'], prepare };
  return { needed: ['label'], prepare, checkLabel: label => captionOf({ label }, objective) };
}

/**
 * The images that `samples.prompts` names: paths, or numbers of rows that are held out.
 *
 * @throws UserError when there is no such image
 */
export function sampleImages(
  { samples }: Pick<Recipe, 'samples'>,
  processor: ImageProcessor,
  { heldOut, config }: { heldOut: Dataset<Rows['image']>; config: Record<string, unknown> },
): RgbImage[] {
  return samples.prompts.map((prompt, i) => {
    if (!/^\d+$/.test(prompt)) return prepareImage(loadImageSync(prompt), processor, config);
    if (Number(prompt) < heldOut.length) return heldOut.row(Number(prompt));
    throw usageError(
      'TSLM_BAD_PROMPT',
      `'samples.prompts.${i}': there is no row ${prompt} among the ${heldOut.length} that are held out`,
      'give a smaller number, or the path of an image',
    );
  });
}
