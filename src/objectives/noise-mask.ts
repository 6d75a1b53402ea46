/**
 * Which tokens of a text are noise, and what span corruption makes of them (T5, Raffel et al. 2020, 3.1.4): lengths and
 * counts are those of text-to-text-transfer-transformer's `preprocessors.py`.
 */
import type { Random } from '../support/random.ts';
import type { TextToText } from './text-to-text.ts';

/** Python's rounding: halves to the even neighbour. */
const roundHalfEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** How many tokens are noise, in how many spans. */
export function noiseCounts(length: number, noiseDensity: number, meanSpan: number) {
  const real = Math.max(length, 2);
  const noiseTokens = Math.min(Math.max(roundHalfEven(real * noiseDensity), 1), real - 1);
  return { noiseTokens, spans: Math.max(1, roundHalfEven(noiseTokens / meanSpan)) };
}

/** Tokens of text whose corruption fills an encoder of `inputsLength`, and the length of what is written then. */
export function randomSpansHelper(inputsLength: number, noiseDensity: number, meanSpan: number) {
  const lengths = (tokens: number) => {
    const noise = roundHalfEven(tokens * noiseDensity);
    const spans = roundHalfEven(noise / meanSpan);
    // A sentinel for each span on both sides, and the end token.
    return { inputs: tokens - noise + spans + 1, targets: noise + spans + 1 };
  };
  let tokensLength = inputsLength - 1;
  while (lengths(tokensLength + 1).inputs <= inputsLength) tokensLength++;
  let targetsLength = lengths(tokensLength).targets;
  // Round sizes: for equal parts both are as long as was asked for.
  if (noiseDensity === 0.5 && targetsLength > inputsLength) {
    tokensLength--;
    targetsLength--;
  }
  return { tokensLength, targetsLength };
}

/** Lengths of `parts` runs of `items`, none empty, all ways equally likely. */
function drawPartition(items: number, parts: number, random: Random): number[] {
  const cuts = random.shuffle(Array.from({ length: items - 1 }, (_, i) => i + 1)).slice(0, parts - 1);
  const bounds = [0, ...cuts.sort((a, b) => a - b), items];
  return bounds.slice(1).map((bound, i) => bound - bounds[i]);
}

export interface NoiseOptions {
  noiseDensity: number;
  meanSpan: number;
  /** There are no more sentinels. */
  maxSpans?: number;
}

/** 1 for noise; spans alternate with text that stays, which begins. */
export function drawNoiseMask(
  length: number,
  { noiseDensity, meanSpan, maxSpans = Number.POSITIVE_INFINITY }: NoiseOptions,
  random: Random,
): Uint8Array {
  const mask = new Uint8Array(length);
  if (length < 2) return mask;
  const { noiseTokens, spans: wanted } = noiseCounts(length, noiseDensity, meanSpan);
  const spans = Math.min(wanted, noiseTokens, length - noiseTokens, maxSpans);
  const noise = drawPartition(noiseTokens, spans, random);
  const stays = drawPartition(length - noiseTokens, spans, random);
  let at = 0;
  for (let i = 0; i < spans; i++) {
    mask.fill(1, at + stays[i], at + stays[i] + noise[i]);
    at += stays[i] + noise[i];
  }
  return mask;
}

/** Each run of `mask` = `value` becomes the next sentinel. */
function withSentinels(ids: ArrayLike<number>, mask: ArrayLike<number>, value: 0 | 1, sentinels: readonly number[]) {
  const result: number[] = [];
  let spans = 0;
  for (let i = 0; i < ids.length; i++) {
    if (mask[i] !== value) result.push(ids[i]);
    else if (i === 0 || mask[i - 1] !== value) result.push(sentinels[spans++]);
  }
  return result;
}

/** What is read and what is written where `mask` says which tokens are noise. */
export const applyNoiseMask = (
  ids: ArrayLike<number>,
  mask: ArrayLike<number>,
  { sentinels, eos }: { sentinels: readonly number[]; eos: number },
): TextToText => ({
  inputIds: [...withSentinels(ids, mask, 1, sentinels), eos],
  labels: [...withSentinels(ids, mask, 0, sentinels), eos],
});
