/**
 * Rotary positions for sequences longer than those of pretraining. Each way changes the angles a position, and some the
 * length of what they turn; names and defaults are Hugging Face's.
 */
import { type Rotary, rotaryFrequencies } from './rotary.ts';

export interface RopeOptions {
  /** The base θ. */
  theta: number;
  /** Elements of each head that turn; an odd number is rounded up. */
  dim: number;
}

const rotary = (frequencies: Float32Array, attentionFactor?: number): Rotary => ({
  dim: 2 * frequencies.length,
  inverseFrequencies: () => frequencies,
  attentionFactor,
});

/** As they are (Su et al. 2021). */
export const plainRope = ({ theta, dim }: RopeOptions): Rotary => rotary(rotaryFrequencies(theta, dim));

/** Positions interpolated (Chen et al. 2023): every angle is divided by `factor`. */
export const linearRope = ({ theta, dim, factor }: RopeOptions & { factor: number }): Rotary =>
  rotary(rotaryFrequencies(theta, dim).map(frequency => frequency / factor));

/**
 * A larger base for sequences beyond `maxPositions` ("dynamic NTK-aware scaling", bloc97 and emozilla 2023). All angles
 * change with every position more, and cached keys keep those of their time: with a cache results differ from without.
 */
export function dynamicRope(options: RopeOptions & { factor: number; maxPositions: number }): Rotary {
  const { theta, dim, factor, maxPositions } = options;
  const short = rotaryFrequencies(theta, dim);
  return {
    dim: 2 * short.length,
    dynamic: true,
    inverseFrequencies(length) {
      if (length <= maxPositions) return short;
      const stretch = (factor * length) / maxPositions - (factor - 1);
      return rotaryFrequencies(theta * stretch ** (dim / (dim - 2)), dim);
    },
  };
}

export interface YarnOptions extends RopeOptions {
  factor: number;
  /** Length of pretraining's sequences. */
  originalPositions: number;
  /** Pairs that turn more often than this over the original length stay as they are. Default 32. */
  betaFast?: number;
  /** Pairs that turn less often than this are interpolated. Default 1. */
  betaSlow?: number;
  /** Default 0.1 ln(factor) + 1, or where both scales are given, the quotient of that with each. */
  attentionFactor?: number;
  mscale?: number;
  mscaleAllDim?: number;
  /** Round the borders between the pairs to whole numbers. Default true. */
  truncate?: boolean;
}

/** YaRN (Peng et al. 2024): slow pairs are interpolated, fast ones are not, those between by degrees. */
export function yarnRope({ theta, dim, factor, originalPositions, ...options }: YarnOptions): Rotary {
  const { betaFast = 32, betaSlow = 1, mscale, mscaleAllDim, truncate = true } = options;
  const strength = (scale = 1): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const attentionFactor =
    options.attentionFactor ?? (mscale && mscaleAllDim ? strength(mscale) / strength(mscaleAllDim) : strength());

  /** The pair that makes this many rotations over the original context length. */
  const pairOf = (turns: number): number =>
    (dim * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [pairOf(betaFast), pairOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1);
  const width = low === high ? 0.001 : high - low;
  const frequencies = rotaryFrequencies(theta, dim).map((frequency, pair) => {
    const interpolated = Math.min(1, Math.max(0, (pair - low) / width));
    return (frequency / factor) * interpolated + frequency * (1 - interpolated);
  });
  return rotary(frequencies, attentionFactor);
}

export interface LongRopeOptions extends RopeOptions {
  /** Divisors of each pair's angles for sequences up to `originalPositions`, and for longer ones: [dim / 2]. */
  shortFactor: readonly number[];
  longFactor: readonly number[];
  originalPositions: number;
  /** How much longer sequences get. */
  factor: number;
  /** Default √(1 + ln factor / ln originalPositions). */
  attentionFactor?: number;
}

/** LongRoPE (Ding et al. 2024): a divisor for each pair, found by search. Cached keys keep the divisors of their time. */
export function longRope({ theta, dim, originalPositions, factor, ...options }: LongRopeOptions): Rotary {
  const plain = rotaryFrequencies(theta, dim);
  const [short, long] = [options.shortFactor, options.longFactor].map(divisors =>
    plain.map((frequency, pair) => frequency / divisors[pair]),
  );
  const strength = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  return {
    dim: 2 * plain.length,
    dynamic: true,
    inverseFrequencies: length => (length > originalPositions ? long : short),
    attentionFactor: options.attentionFactor ?? strength,
  };
}

export interface Llama3Options extends RopeOptions {
  factor: number;
  /** Pairs that turn less often than this over the original length are interpolated. */
  lowFreqFactor: number;
  /** Pairs that turn more often than this stay as they are. */
  highFreqFactor: number;
  originalPositions: number;
}

/** Llama 3.1 (Dubey et al. 2024): as YaRN, with the degrees between in proportion to the turns. */
export function llama3Rope({ theta, dim, factor, ...options }: Llama3Options): Rotary {
  const { lowFreqFactor: low, highFreqFactor: high, originalPositions } = options;
  const frequencies = rotaryFrequencies(theta, dim).map(frequency => {
    const turns = (originalPositions * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return (frequency / factor) * (1 - kept) + frequency * kept;
  });
  return rotary(frequencies);
}
