/** From words as numbers to their vectors. */
import { createRandom, type Random } from '../../support/random.ts';
import { bucketOf, ngramsOf, SubwordVectors } from '../subwords.ts';
import { WordVectors } from '../word-vectors.ts';
import { countCooccurrences } from './cooccurrences.ts';
import { createHuffmanTree } from './huffman.ts';
import type { GloveJob, Word2VecJob, WordParts } from './job.ts';
import { createNoise } from './noise.ts';
import { type ResolvedVectorOptions, resolveVectorOptions, type VectorTrainingOptions } from './options.ts';
import { runJob } from './run-job.ts';
import { keepProbabilities } from './subsampling.ts';
import type { EncodedText } from './vocabulary.ts';

export interface TrainedVectors {
  vectors: WordVectors;
  /** Mean loss of a prediction, or of a pair of GloVe's table, per epoch. */
  losses: number[];
  options: ResolvedVectorOptions;
}

export interface VectorProgress {
  /** Called with the share of the work that is done, 0 to 1. */
  onProgress?: (share: number) => void;
}

/** @throws UserError for impossible options */
export async function trainVectors(
  text: Pick<EncodedText, 'words' | 'counts' | 'tokens'>,
  given: VectorTrainingOptions = {},
  { onProgress }: VectorProgress = {},
): Promise<TrainedVectors> {
  const options = resolveVectorOptions(given);
  const memory = new Memory(options.threads > 1);
  const job = options.method === 'glove' ? gloveJob(text, options, memory) : word2VecJob(text, options, memory);
  await runJob(job, done => onProgress?.(done / job.work));
  const vectors = job.kind === 'glove' ? gloveVectors(text.words, job) : word2VecVectors(text.words, job);
  return { vectors, losses: meanLosses(job.losses, options), options };
}

/** Arrays that threads share, where there are threads. */
class Memory {
  readonly #isShared: boolean;
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }
  float32 = (length: number): Float32Array => new Float32Array(this.#buffer(4 * length));
  float64 = (length: number): Float64Array => new Float64Array(this.#buffer(8 * length));
  int32(values: Int32Array): Int32Array {
    if (!this.#isShared) return values;
    const array = new Int32Array(this.#buffer(values.byteLength));
    array.set(values);
    return array;
  }
  #buffer(bytes: number): ArrayBuffer {
    return (this.#isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)) as ArrayBuffer;
  }
}

function word2VecJob(
  { words, counts, tokens }: Pick<EncodedText, 'words' | 'counts' | 'tokens'>,
  options: ResolvedVectorOptions,
  memory: Memory,
): Word2VecJob {
  const { dimension, subwords, epochs, threads, loss } = options;
  const rows = words.length + (subwords?.buckets ?? 0);
  const inputs = memory.float32(rows * dimension);
  fillUniformly(inputs, 0.5 / dimension, createRandom(options.seed));
  const isTree = loss === 'hierarchical-softmax';
  return {
    kind: 'word2vec',
    options,
    tokens: memory.int32(tokens),
    keep: keepProbabilities(counts, options.subsample),
    inputs,
    outputs: memory.float32(words.length * dimension),
    ...(isTree ? { tree: createHuffmanTree(counts) } : { noise: createNoise(counts) }),
    ...(subwords && { parts: partsOf(words, subwords) }),
    done: memory.float64(threads),
    losses: memory.float64(threads * epochs * 2),
    work: tokens.length * epochs,
  };
}

const fillUniformly = (array: Float32Array, bound: number, random: Random): void => {
  for (let i = 0; i < array.length; i++) array[i] = (2 * random.next() - 1) * bound;
};

/** A word's own row, and those of its n-grams. */
function partsOf(words: readonly string[], options: NonNullable<ResolvedVectorOptions['subwords']>): WordParts {
  const starts = new Int32Array(words.length + 1);
  const rows = words.map((word, i) => [
    i,
    ...ngramsOf(word, options).map(ngram => words.length + bucketOf(ngram, options.buckets)),
  ]);
  for (const [i, own] of rows.entries()) starts[i + 1] = starts[i] + own.length;
  return { starts, rows: Int32Array.from(rows.flat()) };
}

function word2VecVectors(words: string[], { inputs, options, parts }: Word2VecJob): WordVectors {
  const { dimension, subwords } = options;
  const own = words.length * dimension;
  if (!parts || !subwords) return new WordVectors({ words, dimension, vectors: inputs.slice(0, own) });
  const vectors = new Float32Array(own);
  for (let word = 0; word < words.length; word++) {
    const rows = parts.rows.subarray(parts.starts[word], parts.starts[word + 1]);
    for (let i = 0; i < dimension; i++) {
      let sum = 0;
      for (const row of rows) sum += inputs[row * dimension + i];
      vectors[word * dimension + i] = sum / rows.length;
    }
  }
  return new WordVectors({
    words,
    dimension,
    vectors,
    subwords: new SubwordVectors(inputs.slice(own), dimension, subwords),
  });
}

function gloveJob(
  { words, tokens }: Pick<EncodedText, 'words' | 'tokens'>,
  options: ResolvedVectorOptions,
  memory: Memory,
): GloveJob {
  const { dimension, epochs, threads, window } = options;
  const random = createRandom(options.seed);
  const pairs = countCooccurrences(tokens, words.length, window);
  const order = random.shuffle(Int32Array.from(pairs.counts, (_, i) => i));
  const size = words.length * (dimension + 1);
  const counts = memory.float32(order.length);
  for (const [i, pair] of order.entries()) counts[i] = pairs.counts[pair];
  const job: GloveJob = {
    kind: 'glove',
    options,
    first: memory.int32(order.map(pair => pairs.first[pair])),
    second: memory.int32(order.map(pair => pairs.second[pair])),
    counts,
    vectors: memory.float32(size),
    contexts: memory.float32(size),
    vectorSquares: memory.float32(size).fill(1),
    contextSquares: memory.float32(size).fill(1),
    done: memory.float64(threads),
    losses: memory.float64(threads * epochs * 2),
    work: order.length * epochs,
  };
  fillUniformly(job.vectors, 0.5 / dimension, random);
  fillUniformly(job.contexts, 0.5 / dimension, random);
  return job;
}

function gloveVectors(words: string[], { vectors, contexts, options }: GloveJob): WordVectors {
  const { dimension } = options;
  const sums = new Float32Array(words.length * dimension);
  for (let word = 0; word < words.length; word++) {
    const at = word * (dimension + 1);
    for (let i = 0; i < dimension; i++) sums[word * dimension + i] = vectors[at + i] + contexts[at + i];
  }
  return new WordVectors({ words, dimension, vectors: sums });
}

function meanLosses(losses: Float64Array, { epochs, threads }: ResolvedVectorOptions): number[] {
  return Array.from({ length: epochs }, (_, epoch) => {
    let [sum, count] = [0, 0];
    for (let part = 0; part < threads; part++) {
      sum += losses[2 * (part * epochs + epoch)];
      count += losses[2 * (part * epochs + epoch) + 1];
    }
    return count > 0 ? sum / count : 0;
  });
}
