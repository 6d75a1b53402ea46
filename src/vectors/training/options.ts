/** What can be chosen when word vectors are trained. */
import { z } from 'zod';
import { parseOptions } from '../../support/schema.ts';
import { subwordDefaults } from '../subwords.ts';
import { VECTOR_LOSSES, VECTOR_METHODS } from './choices.ts';

const positive = z.int().positive();

/** What fits into a file that is read in one go. */
const MAX_BUCKET_NUMBERS = 2 ** 29 - 2 ** 16;

export const vectorOptionsSchema = z
  .strictObject({
    /** Which model. */
    method: z.enum(VECTOR_METHODS).default('skip-gram'),
    /** Numbers in a vector. */
    dimension: positive.default(100),
    /** Words of context on either side. Default 5; glove 10. Skip-gram and CBOW draw a size up to it for each word. */
    window: positive.optional(),
    /** Passes over the text, or over GloVe's table of counts. Default 5; glove 25. */
    epochs: positive.optional(),
    /** First learning rate. Default 0.025; cbow and glove 0.05. It falls linearly to nearly 0, and GloVe's by AdaGrad. */
    rate: z.number().positive().optional(),
    /** How skip-gram and CBOW predict a word among all. */
    loss: z.enum(VECTOR_LOSSES).default('negative-sampling'),
    /** Words of noise for each word predicted. */
    negative: positive.default(5),
    /** Words with a larger share of the text are left out at random; 0 leaves none out. */
    subsample: z.number().nonnegative().default(1e-3),
    /** Learn vectors of character n-grams as well (fastText). */
    subwords: z
      .strictObject({
        minNgram: positive.default(subwordDefaults.minNgram),
        maxNgram: positive.default(subwordDefaults.maxNgram),
        buckets: positive.default(subwordDefaults.buckets),
      })
      .optional(),
    /** GloVe: counts from here on have full weight. */
    xMax: z.number().positive().default(100),
    /** GloVe: the power of smaller counts' weight. */
    alpha: z.number().nonnegative().default(0.75),
    /** One gives the same bits for the same seed; several write without locks (Hogwild), and their order is chance. */
    threads: positive.default(1),
    seed: z.int().nonnegative().default(0),
  })
  .refine(({ subwords }) => !subwords || subwords.minNgram <= subwords.maxNgram, {
    message: 'minNgram is larger than maxNgram',
    path: ['subwords', 'minNgram'],
  })
  .refine(({ dimension, subwords }) => !subwords || subwords.buckets * dimension < MAX_BUCKET_NUMBERS, {
    message: `buckets times dimension must be below ${MAX_BUCKET_NUMBERS}`,
    path: ['subwords', 'buckets'],
  })
  .refine(({ method, subwords }) => method !== 'glove' || !subwords, {
    message: 'GloVe has no subwords: take skip-gram or cbow',
    path: ['subwords'],
  })
  .transform(options => {
    const { method } = options;
    const isGlove = method === 'glove';
    return {
      ...options,
      window: options.window ?? (isGlove ? 10 : 5),
      epochs: options.epochs ?? (isGlove ? 25 : 5),
      rate: options.rate ?? (method === 'skip-gram' ? 0.025 : 0.05),
    };
  });

/** Options of training word vectors, every one with a default. */
export type VectorTrainingOptions = z.input<typeof vectorOptionsSchema>;
/** Options with their defaults. */
export type ResolvedVectorOptions = z.output<typeof vectorOptionsSchema>;

/** @throws UserError that names an option that is unknown or impossible */
export const resolveVectorOptions = (options: VectorTrainingOptions): ResolvedVectorOptions =>
  parseOptions(vectorOptionsSchema, options, 'options of word vectors');
