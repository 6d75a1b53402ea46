/** The settings that a call of each task takes; any other is a mistake that is named. */
import { type GenerationOptions, generationConfigSchema } from '../generate/config/generation-options.ts';
import { type UserError, usageError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import type { ChatTaskOptions } from './chat.ts';
import type { EmbeddingOptions } from './embeddings.ts';
import type { WritingOptions } from './generation.ts';
import type { ClassifyImagesOptions } from './image-classification.ts';
import type { Pipelines } from './pipelines.ts';
import type { AnswerOptions } from './question-answering.ts';
import type { ClassifyOptions } from './text-classification.ts';
import type { RewritingOptions, TranslationOptions } from './text-to-text.ts';
import type { TokenClassificationOptions } from './token-classification.ts';

/** Every name, once: one that is missing or too many does not compile. */
const names = <Options>(all: Record<keyof Options, true>): readonly string[] => Object.keys(all);

const writing: Record<keyof WritingOptions, true> = {
  generation: true,
  defaults: true,
  logProbs: true,
  prefixAllowedTokens: true,
  constraint: true,
  assistant: true,
  onGuesses: true,
  negativePrompts: true,
};
const topK = names<ClassifyOptions>({ topK: true, truncate: true });

const KNOWN: Record<keyof Pipelines, readonly string[]> = {
  'text-generation': names<WritingOptions>(writing),
  chat: names<ChatTaskOptions>({ ...writing, template: true }),
  summarization: names<RewritingOptions>({ ...writing, truncate: true }),
  translation: names<TranslationOptions>({
    ...writing,
    truncate: true,
    sourceLanguage: true,
    targetLanguage: true,
  }),
  'text-classification': topK,
  'image-classification': names<ClassifyImagesOptions>({ topK: true }),
  'image-to-text': names<WritingOptions>(writing),
  'token-classification': names<TokenClassificationOptions>({
    aggregation: true,
    ignoreLabels: true,
    stride: true,
    truncate: true,
  }),
  'fill-mask': ['topK'],
  'question-answering': names<AnswerOptions>({
    topK: true,
    maxAnswerLength: true,
    maxLength: true,
    stride: true,
    handleImpossibleAnswer: true,
    alignToWords: true,
  }),
  'feature-extraction': names<EmbeddingOptions>({
    pooling: true,
    normalize: true,
    dimensions: true,
    truncate: true,
  }),
  'sentence-similarity': names<Omit<EmbeddingOptions, 'normalize'>>({
    pooling: true,
    dimensions: true,
    truncate: true,
  }),
  rerank: topK,
};

/**
 * @param more names that this call takes besides
 * @throws UserError for a setting that the task does not have
 */
export function checkTaskOptions(
  task: keyof Pipelines,
  options: object | undefined,
  more: readonly string[] = [],
): void {
  const known = [...KNOWN[task], ...more];
  const strange = Object.keys(options ?? {}).find(name => !known.includes(name));
  if (strange !== undefined) throw unknownOption(task, strange, known);
  const { generation } = (options ?? {}) as { generation?: unknown };
  if (generation !== undefined && (typeof generation !== 'object' || generation === null)) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `${task}: 'generation' is no object`,
      'give { generation: { maxNewTokens: 20 } }',
    );
  }
}

/** Options of the generation are given inside of `generation`. */
function unknownOption(task: string, name: string, known: readonly string[]): UserError {
  const generation: Record<keyof GenerationOptions, unknown> = generationConfigSchema.shape;
  const guess = nearest(name, known);
  const inside =
    known.includes('generation') && guess === undefined ? nearest(name, Object.keys(generation)) : undefined;
  const hint =
    inside !== undefined
      ? `give it as { generation: { ${inside} } }`
      : guess !== undefined
        ? `did you mean '${guess}'?`
        : `known: ${known.join(', ')}`;
  return usageError('TSLM_UNKNOWN_KEY', `${task}: unknown option '${name}'`, hint);
}
