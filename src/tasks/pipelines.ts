/** The tasks as functions of their input alone, by the names that Transformers gives them. */
import type { GenerationOptions } from '../generate/config/generation-options.ts';
import { modelGenerationDefaults } from '../generate/config/model-defaults.ts';
import type { GeneratedText, TextPiece } from '../generate/text.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import type { ChatMessage } from '../tokenizers/chat/chat.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { answerChat, type ChatAnswer, type ChatTaskOptions, streamChat } from './chat.ts';
import { type EmbeddingOptions, embedTexts, extractFeatures } from './embeddings.ts';
import type { Entity } from './entities.ts';
import { type FilledMask, fillMasks } from './fill-mask.ts';
import type { WritingOptions } from './generation.ts';
import { type ClassifyImagesOptions, classifyImages } from './image-classification.ts';
import { describeImages, streamDescriptions } from './image-to-text.ts';
import { type ImageInput, processorOf } from './images.ts';
import type { ReadingOptions, TaskInput } from './inputs.ts';
import type { LabelScore } from './labels.ts';
import { type Answer, type AnswerOptions, answerQuestion } from './question-answering.ts';
import { rerank } from './rerank.ts';
import { embeddingDefaults } from './sentence-transformers.ts';
import { similarities } from './similarity.ts';
import { type ClassifyOptions, classifyTexts } from './text-classification.ts';
import { continueTexts, streamContinuations } from './text-generation.ts';
import {
  type RewritingOptions,
  streamSummaries,
  streamTranslations,
  summarize,
  type TranslationOptions,
  translate,
} from './text-to-text.ts';
import { classifyTokens, type TokenClassificationOptions } from './token-classification.ts';

/** One input gives one result, a list of them a list. */
export interface OneOrMany<Input, Options, Result> {
  (input: Input, options?: Options): Result;
  (inputs: readonly Input[], options?: Options): Result[];
}

/** Writes `numReturnSequences` texts a prompt, whole or piece by piece. */
export interface Writer<Input, Options, Result = GeneratedText> {
  (input: Input, options?: Options): Result[];
  /** Between two tokens everything else in this thread gets its turn; whoever stops reading, or aborts, ends the work. */
  stream(input: Input, options?: Options & { signal?: AbortSignal }): AsyncGenerator<TextPiece, void>;
}

export interface FeatureExtractor {
  /** With a pooling one vector a text, without it one a token; of one text its own, of a list a list. */
  (text: string, options: PooledOptions): Float32Array;
  (texts: readonly string[], options: PooledOptions): Float32Array[];
  (text: string, options?: ReadingOptions & { pooling?: undefined }): Float32Array[];
  (texts: readonly string[], options?: ReadingOptions & { pooling?: undefined }): Float32Array[][];
}

type PooledOptions = EmbeddingOptions & { pooling: NonNullable<EmbeddingOptions['pooling']> };

export interface RankedDocument {
  /** Place among the documents that were given. */
  index: number;
  document: string;
  score: number;
}

type PairInput = string | { text: string; pair: string };

/** What each task takes and gives. */
export interface Pipelines {
  'text-generation': Writer<string | readonly string[], WritingOptions>;
  chat: Writer<readonly ChatMessage[], ChatTaskOptions, ChatAnswer>;
  summarization: Writer<string | readonly string[], RewritingOptions>;
  translation: Writer<string | readonly string[], TranslationOptions>;
  'text-classification': OneOrMany<PairInput, ClassifyOptions, LabelScore[]>;
  'image-classification': OneOrMany<ImageInput, ClassifyImagesOptions, LabelScore[]>;
  'image-to-text': Writer<ImageInput | readonly ImageInput[], WritingOptions>;
  'token-classification': OneOrMany<string, TokenClassificationOptions, Entity[]>;
  /** For each mask of the text the words that fit. */
  'fill-mask': OneOrMany<string, { topK?: number }, FilledMask[][]>;
  'question-answering': OneOrMany<{ question: string; context: string }, AnswerOptions, Answer[]>;
  'feature-extraction': FeatureExtractor;
  'sentence-similarity': (
    source: string,
    texts: readonly string[],
    options?: Omit<EmbeddingOptions, 'normalize'>,
  ) => number[];
  /** The most relevant document first. */
  rerank: (
    query: string,
    documents: readonly string[],
    options?: ReadingOptions & { topK?: number },
  ) => RankedDocument[];
}

/** Tasks whose models read and write no text. */
export const WITHOUT_TOKENIZER: readonly (keyof Pipelines)[] = ['image-classification'];

/** A model with its folder, which says how it wants to be used. */
export interface Loaded {
  folder: string;
  model: Model;
  /** Not there for `WITHOUT_TOKENIZER`. */
  tokenizer: Tokenizer;
}

/** The function of each task over a model. */
export const makers: { [Name in keyof Pipelines]: (loaded: Loaded) => Pipelines[Name] } = {
  'text-generation': loaded => writer(loaded, listOf, continueTexts, streamContinuations),
  chat: loaded => writer(loaded, (messages: readonly ChatMessage[]) => messages, answerChat, streamChat),
  summarization: loaded => writer(loaded, listOf, summarize, streamSummaries),
  translation: loaded => writer(loaded, listOf, translate, streamTranslations),
  'text-classification': ({ model, tokenizer }) =>
    oneOrMany((inputs, options) => classifyTexts(model, tokenizer, inputs.map(taskInput), options).labels),
  'image-classification': ({ folder, model }) => {
    const processor = processorOf(model, folder);
    return oneOrMany((inputs, options) => classifyImages(model, processor, inputs, options));
  },
  'image-to-text': loaded => {
    const processor = processorOf(loaded.model, loaded.folder);
    return writer<ImageInput | readonly ImageInput[], readonly ImageInput[], WritingOptions, GeneratedText>(
      loaded,
      given => (typeof given === 'string' || given instanceof Uint8Array ? [given] : given),
      (model, tokenizer, images, options) => describeImages(model, tokenizer, processor, images, options),
      (model, tokenizer, images, options) => streamDescriptions(model, tokenizer, processor, images, options),
    );
  },
  'token-classification': ({ model, tokenizer }) =>
    oneOrMany((texts, options) => texts.map(text => classifyTokens(model, tokenizer, text, options).entities)),
  'fill-mask': ({ model, tokenizer }) =>
    oneOrMany((texts, options) => texts.map(text => fillMasks(model, tokenizer, text, options).masks)),
  'question-answering': ({ model, tokenizer }) =>
    oneOrMany((inputs, options) => inputs.map(input => answerQuestion(model, tokenizer, input, options).answers)),
  'feature-extraction': ({ model, tokenizer }) =>
    oneOrMany((texts: readonly string[], options: EmbeddingOptions = {}): (Float32Array | Float32Array[])[] => {
      if (options.pooling) return embedTexts(model, tokenizer, texts, options).vectors;
      const other = Object.keys(options).find(key => key !== 'pooling' && key !== 'truncate');
      if (other === undefined) return extractFeatures(model, tokenizer, texts, options);
      throw usageError('TSLM_CONTRADICTION', `'${other}' is about vectors of whole texts`, "give 'pooling' as well");
    }) as FeatureExtractor,
  'sentence-similarity': ({ folder, model, tokenizer }) => {
    const { pooling } = embeddingDefaults(folder);
    return (source, texts, options) => similarities(model, tokenizer, source, texts, { pooling, ...options }).scores;
  },
  rerank: ({ folder, model, tokenizer }) => {
    const { pooling } = embeddingDefaults(folder);
    return (query, documents, { topK, truncate } = {}) =>
      rerank(model, tokenizer, query, documents, { pooling, truncate })
        .scores.map((score, index) => ({ index, document: documents[index], score }))
        .sort((a, b) => b.score - a.score)
        .slice(0, topK);
  },
};

type Task<Input, Options, Result> = (model: Model, tokenizer: Tokenizer, input: Input, options: Options) => Result;

/** A task that writes, with the settings of the model's folder. */
function writer<Given, Input, Options extends { defaults?: GenerationOptions }, Result>(
  { folder, model, tokenizer }: Loaded,
  inputOf: (given: Given) => Input,
  write: Task<Input, Options, Result[]>,
  stream: Task<Input, Options, Generator<TextPiece, void>>,
): Writer<Given, Options, Result> {
  const defaults = modelGenerationDefaults(folder);
  const withDefaults = (options?: Options): Options => ({ defaults, ...options }) as Options;
  return Object.assign(
    (given: Given, options?: Options) => write(model, tokenizer, inputOf(given), withDefaults(options)),
    {
      stream: (given: Given, { signal, ...options }: Streaming<Options> = {} as Streaming<Options>) =>
        paced(() => stream(model, tokenizer, inputOf(given), withDefaults(options as unknown as Options)), signal),
    },
  );
}

type Streaming<Options> = Options & { signal?: AbortSignal };

/** A token at a time is computed in this thread: what else waits for it goes in between. */
async function* paced(begin: () => Generator<TextPiece, void>, signal?: AbortSignal): AsyncGenerator<TextPiece, void> {
  signal?.throwIfAborted();
  for (const piece of begin()) {
    yield piece;
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
}

const listOf = (texts: string | readonly string[]): readonly string[] => (typeof texts === 'string' ? [texts] : texts);

const taskInput = (input: PairInput): TaskInput => (typeof input === 'string' ? input : [input.text, input.pair]);

function oneOrMany<Input, Options, Result>(
  run: (inputs: readonly Input[], options?: Options) => Result[],
): OneOrMany<Input, Options, Result> {
  return ((input: Input | readonly Input[], options?: Options) =>
    Array.isArray(input) ? run(input, options) : run([input as Input], options)[0]) as OneOrMany<
    Input,
    Options,
    Result
  >;
}
