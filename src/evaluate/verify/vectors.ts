/** Recorded results of word vectors: files, neighbours, analogies, similarity, losses with gradients, n-grams of fastText. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { openSafetensors } from '../../torch/index.ts';
import { analogy } from '../../vectors/analogy.ts';
import { pearson, spearman } from '../../vectors/evaluation/correlation.ts';
import { readVectorFileSync } from '../../vectors/formats/read.ts';
import { bucketOf, hashOf, ngramsOf } from '../../vectors/subwords.ts';
import { gloveDifference, gloveWeight } from '../../vectors/training/glove.ts';
import { predict } from '../../vectors/training/predict.ts';
import { WordVectors } from '../../vectors/word-vectors.ts';
import { type Check, compareExactly, compareNumbers } from './compare.ts';

const words = z.array(z.string());
const numbers = z.array(z.number());
const ranked = z.object({ words, scores: numbers });

const schema = z.object({
  files: words,
  words,
  vectors: z.string(),
  neighbours: z.array(z.object({ word: z.string(), neighbours: words, cosine: numbers })),
  analogies: z.object({
    cases: z.array(
      z.object({ a: z.string(), b: z.string(), c: z.string(), expected: z.string(), add: ranked, mul: ranked }),
    ),
    accuracy_add: z.number(),
    accuracy_mul: z.number(),
  }),
  similarity: z.object({
    pairs: z.array(z.object({ a: z.string(), b: z.string(), human: z.number() })),
    cosine: numbers,
    spearman: z.number(),
    pearson: z.number(),
    unknown_pairs: z.int(),
  }),
  odd_one_out: z.object({ words, answer: z.string() }),
  sgns: z.object({
    center: z.string(),
    context: z.string(),
    negatives: z.string(),
    loss: z.number(),
    gradients: z.tuple([z.string(), z.string(), z.string()]),
  }),
  glove_loss: z.object({
    counts: z.array(numbers),
    w: z.string(),
    context: z.string(),
    bias: numbers,
    context_bias: numbers,
    loss: z.number(),
    gradients: z.tuple([z.string(), z.string(), z.string(), z.string()]),
  }),
  fasttext_ngrams: z.object({ words: z.record(z.string(), z.array(z.tuple([z.string(), z.number(), z.number()]))) }),
  bad: z.record(z.string(), z.string()).default({}),
});
type Golden = z.output<typeof schema>;
type Recorded = (name: string) => { shape: readonly number[]; values: number[] };

const cosineTolerance = { atol: 1e-5, rtol: 0 };
const exactly = { atol: 1e-9, rtol: 1e-9 };
/** fastText's default, which the recorded buckets are of. */
const BUCKETS = 2_000_000;

export const isVectorsGolden = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'fasttext_ngrams' in json && 'neighbours' in json;

export function* verifyVectors(json: unknown, path: string): Generator<Check> {
  const golden = parseOptions(schema, json, path);
  const folder = dirname(path);
  const file = openSafetensors(join(folder, 'golden.safetensors'));
  const recorded: Recorded = name => {
    const tensor = file.tensor(name);
    return { shape: tensor.shape, values: tensor.to('float64').flatten().toArray() as number[] };
  };
  const { shape, values } = recorded(golden.vectors);
  const vectors = new WordVectors({ words: golden.words, dimension: shape[1], vectors: Float32Array.from(values) });
  yield* checkFiles(golden, folder, vectors);
  yield* checkNeighbours(golden, vectors);
  yield* checkAnalogies(golden, vectors);
  yield* checkSimilarity(golden, vectors);
  yield* checkNegativeSampling(golden, recorded);
  yield* checkGlove(golden, recorded);
  for (const [word, ngrams] of Object.entries(golden.fasttext_ngrams.words)) {
    const actual = ngramsOf(word).map(ngram => [ngram, hashOf(ngram), bucketOf(ngram, BUCKETS)]);
    yield { section: 'fasttext', name: word, quantity: 'n-grams', ...compareExactly(actual, ngrams) };
  }
}

function* checkFiles({ files, bad }: Golden, folder: string, expected: WordVectors): Generator<Check> {
  for (const name of files) {
    const read = readVectorFileSync(join(folder, name));
    yield { section: 'file', name, quantity: 'words', ...compareExactly(read.words, expected.words) };
    const bits = compareExactly(bitsOf(read.vectors), bitsOf(expected.vectors));
    yield { section: 'file', name, quantity: 'vectors', ...bits };
  }
  for (const [name, rule] of Object.entries(bad)) {
    const path = join(folder, 'bad', name);
    if (!existsSync(path)) continue;
    yield { section: 'malformed', name, quantity: rule.split(/[\s;(]/)[0], ...outcome(path, rule) };
  }
}

const bitsOf = (vectors: Float32Array): number[] =>
  Array.from(new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length));

/** Refused in one line, or accepted, as the rule says first; it may leave the choice. */
function outcome(path: string, rule: string): Pick<Check, 'pass' | 'note'> {
  const isFree = rule.startsWith('accept') && rule.includes('or refuse');
  try {
    const { size, dimension } = readVectorFileSync(path);
    return { pass: rule.startsWith('accept'), note: `${size} words of ${dimension} numbers` };
  } catch (error) {
    const isRefusal = error instanceof UserError && !error.message.includes('\n');
    return { pass: isRefusal && (isFree || rule.startsWith('refuse')), note: messageOf(error) };
  }
}

function* checkNeighbours({ neighbours }: Golden, vectors: WordVectors): Generator<Check> {
  for (const { word, neighbours: expected, cosine } of neighbours) {
    const found = vectors.nearest(word, { top: expected.length });
    const order = found.map(one => one.word);
    yield { section: 'nearest', name: word, quantity: 'order', ...compareExactly(order, expected) };
    const scores = found.map(one => one.score);
    yield { section: 'nearest', name: word, quantity: 'cosines', ...compareNumbers(scores, cosine, cosineTolerance) };
  }
}

function* checkAnalogies({ analogies, odd_one_out }: Golden, vectors: WordVectors): Generator<Check> {
  const correct = { add: 0, mul: 0 };
  for (const { a, b, c, expected, ...recorded } of analogies.cases) {
    for (const method of ['add', 'mul'] as const) {
      const name = `${a} ${b} ${c} ${method}`;
      const found = analogy(vectors, [a, b, c], { method, top: recorded[method].words.length });
      if (found[0].word === expected) correct[method]++;
      const order = found.map(one => one.word);
      yield { section: 'analogy', name, quantity: 'order', ...compareExactly(order, recorded[method].words) };
      const scores = found.map(one => one.score);
      const compared = compareNumbers(scores, recorded[method].scores, cosineTolerance);
      yield { section: 'analogy', name, quantity: 'scores', ...compared };
    }
  }
  const accuracy = [correct.add, correct.mul].map(count => count / analogies.cases.length);
  const { accuracy_add, accuracy_mul } = analogies;
  const compared = compareNumbers(accuracy, [accuracy_add, accuracy_mul], exactly);
  yield { section: 'analogy', name: '', quantity: 'accuracy', ...compared };
  const odd = compareExactly(vectors.oddOneOut(odd_one_out.words), odd_one_out.answer);
  yield { section: 'odd one out', name: odd_one_out.words.join(' '), quantity: 'answer', ...odd };
}

function* checkSimilarity({ similarity }: Golden, vectors: WordVectors): Generator<Check> {
  const all = similarity.pairs.map(({ a, b, human }) => ({ human, cosine: vectors.similarity(a, b) }));
  const known = all.filter((pair): pair is { human: number; cosine: number } => pair.cosine !== undefined);
  const [cosines, humans] = [known.map(pair => pair.cosine), known.map(pair => pair.human)];
  const row = { section: 'similarity', name: '' };
  yield { ...row, quantity: 'cosines', ...compareNumbers(cosines, similarity.cosine, cosineTolerance) };
  const actual = [spearman(cosines, humans), pearson(cosines, humans), all.length - known.length];
  const expected = [similarity.spearman, similarity.pearson, similarity.unknown_pairs];
  yield { ...row, quantity: 'correlations', ...compareNumbers(actual, expected, cosineTolerance) };
}

/** The step that training takes, with rate 1: what it moves by is the gradient. */
function* checkNegativeSampling({ sgns }: Golden, recorded: Recorded): Generator<Check> {
  const [center, context, negatives] = [sgns.center, sgns.context, sgns.negatives].map(recorded);
  const [pairs, count, dimension] = negatives.shape;
  const hidden = Float64Array.from(center.values);
  const positive = Float64Array.from(context.values);
  const noise = Float64Array.from(negatives.values);
  const gradients: number[] = [];
  let loss = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const gradient = new Float64Array(dimension);
    const at = pair * dimension;
    loss += predict(hidden, at, positive, at, dimension, 1, 1, gradient);
    for (let k = 0; k < count; k++) {
      loss += predict(hidden, at, noise, (pair * count + k) * dimension, dimension, 0, 1, gradient);
    }
    gradients.push(...gradient);
  }
  const row = { section: 'negative sampling', name: '' };
  yield { ...row, quantity: 'loss', ...compareNumbers([loss / pairs], [sgns.loss], exactly) };
  const moves = [
    gradients.map(move => -move / pairs),
    context.values.map((before, i) => (before - positive[i]) / pairs),
    negatives.values.map((before, i) => (before - noise[i]) / pairs),
  ];
  for (const [i, quantity] of ['gradient of centers', 'gradient of contexts', 'gradient of noise'].entries()) {
    yield { ...row, quantity, ...compareNumbers(moves[i], recorded(sgns.gradients[i]).values, exactly) };
  }
}

function* checkGlove({ glove_loss: golden }: Golden, recorded: Recorded): Generator<Check> {
  const [w, context] = [recorded(golden.w), recorded(golden.context)];
  const [size, dimension] = w.shape;
  const vectors = withBias(w.values, golden.bias, dimension);
  const contexts = withBias(context.values, golden.context_bias, dimension);
  const gradients = [w.values, context.values, golden.bias, golden.context_bias].map(values => values.map(() => 0));
  let loss = 0;
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      const count = golden.counts[a][b];
      if (count === 0) continue;
      const [at, contextAt] = [a * (dimension + 1), b * (dimension + 1)];
      const difference = gloveDifference(vectors, at, contexts, contextAt, dimension, count);
      const slope = gloveWeight(count, 100, 0.75) * difference;
      loss += 0.5 * slope * difference;
      for (let i = 0; i < dimension; i++) {
        gradients[0][a * dimension + i] += slope * contexts[contextAt + i];
        gradients[1][b * dimension + i] += slope * vectors[at + i];
      }
      gradients[2][a] += slope;
      gradients[3][b] += slope;
    }
  }
  const row = { section: 'glove', name: '' };
  yield { ...row, quantity: 'loss', ...compareNumbers([loss], [golden.loss], exactly) };
  for (const [i, quantity] of ['words', 'contexts', 'biases', 'biases of contexts'].entries()) {
    const compared = compareNumbers(gradients[i], recorded(golden.gradients[i]).values, exactly);
    yield { ...row, quantity: `gradient of ${quantity}`, ...compared };
  }
}

/** Rows as training keeps them: the bias is their last number. */
const withBias = (values: readonly number[], bias: readonly number[], dimension: number): Float64Array =>
  Float64Array.from(bias.flatMap((b, row) => [...values.slice(row * dimension, (row + 1) * dimension), b]));
