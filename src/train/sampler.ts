/**
 * Which rows make up each batch: a function of (seed, step, micro-batch, rank) alone. An epoch visits every row once in random
 * order; nothing has to be remembered to go on.
 */
import { randomFor } from '../support/random.ts';

export interface Drawn {
  /** Number of the row. */
  index: number;
  epoch: number;
}

export interface Sampler {
  /** The rows of this process in micro-batch `part` of `step`. */
  batch(step: number, part: number): Drawn[];
  /** What was drawn before `step`: save it, and begin with it to go on. */
  drawnBefore(step: number): number;
  /** Steps of an epoch, which need not be a whole number. */
  readonly stepsPerEpoch: number;
  /** Steps at which this number of epochs is over, including the steps that another sampler did before. */
  stepsOfEpochs(epochs: number): number;
}

export interface SamplerOptions {
  /** Rows in the data. */
  length: number;
  seed: number;
  /** Rows in a micro-batch. */
  batchSize: number;
  /** Micro-batches in a step. Default 1. */
  parts?: number;
  /** Which of the processes of a run this is, and how many there are. Default: the only one. */
  rank?: number;
  ranks?: number;
  /** Where another sampler stopped, which may have had other batches. Default: at the beginning. */
  from?: { step: number; drawn: number };
}

/** Batches of `batchSize` rows; they go on into the next epoch where one ends. */
export function createSampler({
  length,
  seed,
  batchSize,
  parts = 1,
  rank = 0,
  ranks = 1,
  from = { step: 0, drawn: 0 },
}: SamplerOptions): Sampler {
  const order = ordersOf(length, seed);
  const perStep = parts * ranks * batchSize;
  const drawnBefore = (step: number): number => from.drawn + (step - from.step) * perStep;
  return {
    drawnBefore,
    ...epochsOf({ perEpoch: length, perStep, from }),
    batch(step, part) {
      const first = drawnBefore(step) + (part * ranks + rank) * batchSize;
      return Array.from({ length: batchSize }, (_, i) => {
        const epoch = Math.floor((first + i) / length);
        return { index: order(epoch)[(first + i) % length], epoch };
      });
    },
  };
}

export interface TokenSamplerOptions extends Omit<SamplerOptions, 'length' | 'batchSize'> {
  /** Tokens of each row. */
  lengths: ArrayLike<number>;
  /** Most tokens in a micro-batch, padding included. */
  batchTokens: number;
}

/** Rows that are sorted by length at a time, so that a batch has little padding and still is a random one. */
const SORTED_TOGETHER = 100;

/**
 * Batches of about equally long rows, as many as have room (fairseq's `--max-tokens`). What is drawn are batches: those of
 * an epoch are made from its random order, and shuffled.
 */
export function createTokenSampler({
  lengths,
  seed,
  batchTokens,
  parts = 1,
  rank = 0,
  ranks = 1,
  from = { step: 0, drawn: 0 },
}: TokenSamplerOptions): Sampler {
  const order = ordersOf(lengths.length, seed);
  const epochs: number[][][] = [];
  const batchesOf = (epoch: number): number[][] => {
    epochs[epoch] ??= randomFor(seed, epoch, BATCHES).shuffle(packByLength(order(epoch), lengths, batchTokens));
    return epochs[epoch];
  };
  const drawnBefore = (step: number): number => from.drawn + (step - from.step) * parts * ranks;
  return {
    drawnBefore,
    // Epochs differ by a few batches; the first one stands for all.
    ...epochsOf({ perEpoch: batchesOf(0).length, perStep: parts * ranks, from }),
    batch(step, part) {
      let number = drawnBefore(step) + part * ranks + rank;
      let epoch = 0;
      for (; number >= batchesOf(epoch).length; epoch++) number -= batchesOf(epoch).length;
      return batchesOf(epoch)[number].map(index => ({ index, epoch }));
    },
  };
}

interface EpochOptions {
  /** Draws of an epoch and of a step. */
  perEpoch: number;
  perStep: number;
  from: { step: number; drawn: number };
}

const epochsOf = ({ perEpoch, perStep, from }: EpochOptions): Pick<Sampler, 'stepsPerEpoch' | 'stepsOfEpochs'> => ({
  stepsPerEpoch: perEpoch / perStep,
  stepsOfEpochs: epochs => from.step + Math.max(0, Math.ceil((epochs * perEpoch - from.drawn) / perStep - 1e-9)),
});

/** In place of an example's number, for what an epoch draws once. */
const [ORDER, BATCHES] = [2 ** 40 + 1, 2 ** 40 + 2];

/** The order of an epoch; the last two are kept, which a batch between epochs has both of. */
function ordersOf(length: number, seed: number): (epoch: number) => Uint32Array {
  const known = new Map<number, Uint32Array>();
  return epoch => {
    let order = known.get(epoch);
    if (!order) {
      order = randomFor(seed, epoch, ORDER).shuffle(Uint32Array.from({ length }, (_, i) => i));
      for (const old of known.keys()) if (Math.abs(old - epoch) > 1) known.delete(old);
      known.set(epoch, order);
    }
    return order;
  };
}

function packByLength(order: Uint32Array, lengths: ArrayLike<number>, batchTokens: number): number[][] {
  const batches: number[][] = [];
  let total = 0;
  for (let i = 0; i < lengths.length; i++) total += lengths[i];
  const rows = Math.max(1, Math.round((SORTED_TOGETHER * batchTokens * order.length) / Math.max(1, total)));
  for (let start = 0; start < order.length; start += rows) {
    const sorted = [...order.subarray(start, start + rows)].sort((a, b) => lengths[a] - lengths[b] || a - b);
    let batch: number[] = [];
    for (const index of sorted) {
      // Sorted, so this one is the longest, to which the others are padded.
      if (batch.length > 0 && (batch.length + 1) * lengths[index] > batchTokens) {
        batches.push(batch);
        batch = [];
      }
      batch.push(index);
    }
    if (batch.length > 0) batches.push(batch);
  }
  return batches;
}
