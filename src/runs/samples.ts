/**
 * What a model in training writes, so that a person sees it learn. samples.jsonl holds one JSON object a line, in the
 * order of the steps.
 */
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import type { RgbImage } from '../data/images/rgb-image.ts';
import { resolveGenerationConfig } from '../generate/config/generation-config.ts';
import { readsImages } from '../generate/prompt/prompt-checks.ts';
import { generateText } from '../generate/text.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { pixelValuesOf } from '../models/image-processor/process.ts';
import type { Model } from '../models/model.ts';
import { namingFile, usageError } from '../support/errors.ts';
import { writeFileAtomically } from '../support/files.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { scope } from '../torch/index.ts';
import type { Recipe } from './recipe-schema.ts';

export interface Sample {
  step: number;
  prompt: string;
  text: string;
  /** Of an answer that the model has learnt from, what it was worth. */
  reward?: number;
}

/** Says before the training, not in its middle, that a prompt has no tokens or leaves no room for an answer. */
export function checkPrompts(
  { samples }: Pick<Recipe, 'samples'>,
  model: Model,
  tokenizer: Tokenizer | undefined,
): void {
  const context = model.maxPositions;
  if (samples.prompts.length > 0 && !(model.task === 'causalLM' || model.task === 'seq2seqLM')) {
    throw usageError(
      'TSLM_BAD_PROMPT',
      `'samples.prompts': a ${model.family.modelType} model (${model.task}) does not write`,
      'leave samples.prompts empty',
    );
  }
  if (tokenizer === undefined || readsImages(model.backbone)) return;
  for (const [i, prompt] of samples.prompts.entries()) {
    const tokens = tokenizer.encode(prompt).ids.length;
    if (tokens > 0 && tokens < context) continue;
    const what = tokens === 0 ? 'has no tokens' : `has ${tokens} tokens, the model's context holds ${context}`;
    throw usageError(
      'TSLM_BAD_PROMPT',
      `'samples.prompts.${i}' ${what}`,
      tokens === 0 ? 'give at least one word that the tokenizer knows' : 'shorten it: the answer needs room too',
    );
  }
}

/** What the prompts of a model that reads images name. */
export interface SampleImages {
  images: readonly RgbImage[];
  processor: ImageProcessor;
}

/**
 * Continues the recipe's prompts, or describes the images that they name. The draws are the same at each step, and leave the
 * training's random numbers alone.
 */
export function sampleTexts(
  { samples, seed }: Pick<Recipe, 'samples' | 'seed'>,
  model: Model,
  tokenizer: Tokenizer,
  step: number,
  shown?: SampleImages,
): Sample[] {
  const { prompts, maxNewTokens, temperature, topK } = samples;
  const sampling = temperature > 0 ? { doSample: true, temperature, topK } : {};
  const config = resolveGenerationConfig(
    { maxNewTokens, eosTokenId: tokenizer.eosTokenId ?? null, seed, ...sampling },
    { where: 'samples' },
  );
  model.eval();
  const texts = scope(() => {
    const pixelValues = shown && pixelValuesOf(shown.images, shown.processor, model.device);
    return generateText(model, tokenizer, prompts, config, { pixelValues });
  });
  model.train();
  return texts.map(({ text }, i) => ({ step, prompt: prompts[i], text }));
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

export function appendSamples(path: string, samples: readonly Sample[]): void {
  const lines = samples.map(sample => `${JSON.stringify(sample)}\n`).join('');
  const before = isFile(path) ? statSync(path).size : 0;
  namingFile(path, () => {
    try {
      appendFileSync(path, lines);
    } catch (error) {
      if (isFile(path)) truncateSync(path, before); // no half lines
      throw error;
    }
  });
}

/** Reads samples; a last line that was cut off is left out. */
export function readSamples(path: string): Sample[] {
  if (!isFile(path)) return [];
  const lines = namingFile(path, () => readFileSync(path, 'utf8'))
    .split('\n')
    .slice(0, -1);
  return lines.map(line => JSON.parse(line) as Sample);
}

/** Removes the samples after `step`, which a resumed run writes again. */
export function dropSamplesAfter(path: string, step: number): void {
  const kept = readSamples(path).filter(sample => sample.step <= step);
  if (kept.length === 0) rmSync(path, { force: true });
  else writeFileAtomically(path, kept.map(sample => `${JSON.stringify(sample)}\n`).join(''));
}
