/** How often a model finds the label of images: accuracy with its interval, beside always saying the most frequent label. */
import { readImageRows } from '../data/rows/read-image-rows.ts';
import { prepareImage } from '../models/image-processor/for-model.ts';
import type { Model } from '../models/model.ts';
import { labelsOf } from '../objectives/labels.ts';
import { imageScores } from '../tasks/image-classification.ts';
import { processorOf } from '../tasks/images.ts';
import { checkTask, labelsOf as namesOf } from '../tasks/labels.ts';
import { wilson } from './statistics/intervals.ts';

export interface ImageLabels {
  accuracy: number;
  /** 95 %, by Wilson. */
  interval: readonly [low: number, high: number];
  /** Nats an image: mean of −log of the right label's score. */
  loss: number;
  /** The most frequent label, and how much always saying it would be right. */
  majority: { label: string; share: number };
  images: number;
  /** Rows that were left out. */
  bad: number;
}

/**
 * @param folder of the model
 * @param data files, folders and globs of rows of images with labels
 * @throws UserError for an image that cannot be read, or a label that the model has not
 */
export async function measureImageLabels(
  model: Model,
  folder: string,
  data: readonly string[],
  { columns, skipBad }: { columns?: Readonly<Record<string, string>>; skipBad?: boolean } = {},
): Promise<ImageLabels> {
  checkTask(model, ['imageClassification'], 'classify images');
  const processor = processorOf(model, folder);
  const { count, numberOf } = labelsOf(model.config);
  const rows = await readImageRows(data, {
    columns,
    skipBad,
    needed: ['label'],
    prepare: image => prepareImage(image, processor, model.config),
    checkLabel: numberOf,
  });
  const all = Array.from({ length: rows.length }, (_, i) => rows.row(i));
  const labels = all.map(({ label }) => numberOf(label!));
  const scores = imageScores(model, processor, all);
  const found = scores.map(row => row.indexOf(Math.max(...row)));
  const right = found.filter((label, i) => label === labels[i]).length;
  const frequencies = new Uint32Array(count);
  for (const label of labels) frequencies[label]++;
  const most = frequencies.indexOf(Math.max(...frequencies));
  return {
    accuracy: right / all.length,
    interval: wilson(right, all.length),
    loss: scores.reduce((sum, row, i) => sum - Math.log(row[labels[i]]), 0) / all.length,
    majority: { label: namesOf(model, count)[most], share: frequencies[most] / all.length },
    images: all.length,
    bad: rows.bad,
  };
}
