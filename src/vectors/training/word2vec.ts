/**
 * Word2Vec (Mikolov et al. 2013, "Efficient Estimation of Word Representations in Vector Space" and "Distributed Representations
 * of Words and Phrases and their Compositionality"): skip-gram predicts each word of the context from the word in the middle, CBOW the word
 * in the middle from the mean of its context. With subwords (Bojanowski et al. 2017) a word is the mean of its own row and those of
 * its n-grams. As in the programs of both papers each row of a mean moves by the whole gradient of the mean.
 */
import { type Random, randomFor } from '../../support/random.ts';
import { rangeOf, type Word2VecJob } from './job.ts';
import { drawNoise } from './noise.ts';
import { predict } from './predict.ts';
import { SENTENCE_END } from './vocabulary.ts';

/** Longer sentences are cut, as word2vec does. */
const MAX_SENTENCE = 1000;
/** The learning rate does not fall below this share of the first one. */
const LEAST_RATE = 1e-4;

/** One part of the text, all epochs. `onProgress` is called after each sentence or so. */
export function runWord2Vec(job: Word2VecJob, part: number, onProgress: () => void = () => {}): void {
  const { tokens, keep, options, done, losses, work } = job;
  const [from, to] = rangeOf(tokens.length, part, done.length);
  const sentence = new Int32Array(MAX_SENTENCE);
  const trainer = new Word2VecTrainer(job);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    trainer.random = randomFor(options.seed, epoch, part);
    const at = 2 * (part * options.epochs + epoch);
    for (let next = from; next < to; ) {
      const begin = next;
      let length = 0;
      while (next < to && length < MAX_SENTENCE) {
        const word = tokens[next++];
        if (word === SENTENCE_END) break;
        if (keep[word] >= 1 || trainer.random.next() < keep[word]) sentence[length++] = word;
      }
      let all = 0;
      for (let i = 0; i < done.length; i++) all += done[i];
      trainer.rate = options.rate * Math.max(LEAST_RATE, 1 - all / work);
      trainer.train(sentence, length);
      done[part] += next - begin;
      losses[at] = trainer.loss;
      losses[at + 1] = trainer.predictions;
      onProgress();
    }
    trainer.loss = trainer.predictions = 0;
  }
}

/** Learns from sentences of words, which are numbers. */
export class Word2VecTrainer {
  readonly #job: Word2VecJob;
  readonly #gradient: Float64Array;
  readonly #mean: Float32Array;
  #rows = new Int32Array(64);
  random: Random;
  rate: number;
  /** Sum of losses since it was set to 0, and number of words predicted. */
  loss = 0;
  predictions = 0;

  constructor(job: Word2VecJob) {
    const { dimension, rate, seed } = job.options;
    this.#job = job;
    this.#gradient = new Float64Array(dimension);
    this.#mean = new Float32Array(dimension);
    this.random = randomFor(seed, 0, 0);
    this.rate = rate;
  }

  train(sentence: Int32Array, length: number): void {
    const { method, window } = this.#job.options;
    for (let middle = 0; middle < length; middle++) {
      // Near words count for more: they are in the windows of all sizes.
      const size = 1 + this.random.below(window);
      const [from, to] = [Math.max(0, middle - size), Math.min(length, middle + size + 1)];
      if (method === 'skip-gram') {
        const rows = this.#addRows(sentence[middle], 0);
        for (let i = from; i < to; i++) if (i !== middle) this.#learn(rows, sentence[i]);
      } else {
        let rows = 0;
        for (let i = from; i < to; i++) if (i !== middle) rows = this.#addRows(sentence[i], rows);
        if (rows > 0) this.#learn(rows, sentence[middle]);
      }
    }
  }

  /** Puts the rows of a word behind `count` others; returns how many there are then. */
  #addRows(word: number, count: number): number {
    const { parts } = this.#job;
    const [from, to] = parts ? [parts.starts[word], parts.starts[word + 1]] : [0, 1];
    if (count + to - from > this.#rows.length) {
      const larger = new Int32Array(2 * (count + to - from));
      larger.set(this.#rows);
      this.#rows = larger;
    }
    for (let i = from; i < to; i++) this.#rows[count++] = parts ? parts.rows[i] : word;
    return count;
  }

  /** Predicts `target` from the mean of the first `count` rows, and moves all that took part. */
  #learn(count: number, target: number): void {
    const { inputs, options } = this.#job;
    const { dimension } = options;
    const [rows, gradient, mean] = [this.#rows, this.#gradient, this.#mean];
    gradient.fill(0);
    let [hidden, hiddenAt] = [inputs, rows[0] * dimension];
    if (count > 1) {
      [hidden, hiddenAt] = [mean, 0];
      mean.fill(0);
      for (let r = 0; r < count; r++) {
        const at = rows[r] * dimension;
        for (let i = 0; i < dimension; i++) mean[i] += inputs[at + i];
      }
      for (let i = 0; i < dimension; i++) mean[i] /= count;
    }
    this.loss += this.#predictWord(hidden, hiddenAt, target);
    this.predictions++;
    for (let r = 0; r < count; r++) {
      const at = rows[r] * dimension;
      for (let i = 0; i < dimension; i++) inputs[at + i] += gradient[i];
    }
  }

  #predictWord(hidden: Float32Array, at: number, target: number): number {
    const { outputs, options, tree, noise } = this.#job;
    const { dimension, negative } = options;
    const { rate, random } = this;
    const gradient = this.#gradient;
    let loss = 0;
    if (tree) {
      for (let i = tree.starts[target]; i < tree.starts[target + 1]; i++) {
        const label = 1 - tree.turns[i];
        loss += predict(hidden, at, outputs, tree.nodes[i] * dimension, dimension, label, rate, gradient);
      }
      return loss;
    }
    loss += predict(hidden, at, outputs, target * dimension, dimension, 1, rate, gradient);
    for (let i = 0; i < negative; i++) {
      const word = drawNoise(noise!, random);
      if (word === target) continue;
      loss += predict(hidden, at, outputs, word * dimension, dimension, 0, rate, gradient);
    }
    return loss;
  }
}
